import { type Lesson, learnSurrogate, type Pupil } from "../../capabilities/explanations/index.js";
import type { TransformMap } from "../../capabilities/features/index.js";
import { gbdt } from "../../capabilities/trainers/gbdt/gbdt.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Surrogate } from "../../foundation/contracts/explainer-asset.js";
import type { WorkContext } from "../../foundation/contracts/extension.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import { type LearnedModel, predictor } from "../learn/model.js";
import { essentialTrees } from "./explainer-assets.js";

export type TeachingWork = Pick<WorkContext, "signal" | "clock" | "logger">;

export interface SurrogateRequest {
  readonly model: LearnedModel;
  readonly transforms: TransformMap;
  /** Raw columns that the model reads, of the rows it learned from. */
  readonly rows: Frame;
  readonly background: Frame;
  readonly classes: number;
  /** Whether there is time to ask the model more; absent: always. */
  readonly goesOn?: () => boolean;
  readonly work: TeachingWork;
}

/** Masked rows the model is asked about: beyond them the trees hardly become truer. */
const LESSONS = 4096;
/** Shallow trees: what more than four columns do together is too little to matter, and tables stay small. */
const TREES = gbdt.config.parse({
  ...{ iterations: 200, iterationLimit: 200, earlyStopping: 20, learningRate: 0.15 },
  ...{ leaves: 16, maxDepth: 4, minRowsPerLeaf: 10, columnShareByNode: 1 },
});

/** Trees that imitate a model that cannot be explained by its own structure; undefined where trees cannot read its columns. */
export function teachSurrogate(request: SurrogateRequest): Promise<Surrogate | undefined> {
  const { model, transforms, rows, background, classes, goesOn, work } = request;
  const predict = predictor(model, transforms);
  return learnSurrogate({
    predict: async (masked) => Float64Array.from(predict(masked).values),
    outputs: Math.max(classes, 1),
    rows,
    background,
    lessons: LESSONS,
    random: createRandom("surrogate"),
    ...(goesOn ? { goesOn } : {}),
    fit: (train, held) => fitTrees(train, held, work),
  });
}

async function fitTrees(
  train: Lesson,
  held: Lesson,
  { signal, clock, logger }: TeachingWork,
): Promise<Pupil> {
  const labelled = ({ features, values }: Lesson) => ({
    features,
    target: { task: "regression" as const, values },
  });
  const fitted = await gbdt.fit({ train: labelled(train), validation: labelled(held) }, TREES, {
    ...{ random: createRandom("surrogate"), signal, clock, logger, threads: 1 },
    report: () => undefined,
  });
  const { ensemble } = fitted.state;
  return { trees: essentialTrees(ensemble), predict: (features) => fitted.predict(features).values };
}
