/** Fits one candidate of a structured training and asks fitted ones. */
import {
  applyPipeline,
  type FittedPipeline,
  fitPipeline,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { createRandom } from "../../foundation/base/random.js";
import {
  columnOf,
  createFrame,
  type Frame,
  type TextColumn,
  takeRows,
} from "../../foundation/contracts/frame.js";
import { entitiesOfTexts } from "../../foundation/contracts/long-texts.js";
import { encodeFrameColumn } from "../../foundation/contracts/row-encoding.js";
import { type StructuredTask, takeStructures } from "../../foundation/contracts/structured.js";
import {
  type EntitiesAnswer,
  type GraphResults,
  readAnswers,
  readingEnds,
  type StructuredAnswer,
  type StructuredOutputs,
} from "../../foundation/contracts/structured-answers.js";
import type {
  FittedStructure,
  StructuredRows,
  StructuredTrainer,
  StructureTensors,
} from "../../foundation/contracts/structured-trainer.js";
import type { Tensor } from "../../foundation/contracts/tensor.js";
import type { FitDiagnostics } from "../../foundation/contracts/trainer.js";
import { withCheckpoints } from "../fitting/fit-step.js";
import { environmentOf } from "../project/extensions.js";
import { joinedColumns, pretrainedTokenizer } from "../project/pretrained.js";
import type { StepOutcome } from "../train/step-runner.js";
import type { StructureCandidate, StructureProduction } from "./production.js";

/** A plain value: a model with what makes its features, and what its outputs mean. */
export interface StructureModel {
  readonly trainer: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly pipeline: FittedPipeline;
  readonly state: unknown;
  readonly outputs: StructuredOutputs;
  readonly diagnostics: FitDiagnostics;
}

/**
 * Fits the feature plan and the trainer on the training rows, as one cached step that goes on from its last checkpoint
 * after a kill.
 */
export function fitCandidate(
  production: StructureProduction,
  candidate: StructureCandidate,
  inputs: { readonly dataset: string; readonly split: string },
): Promise<StepOutcome<StructureModel>> {
  const { steps, project, request, prepared, extensions } = production;
  const { trainer, config } = candidate;
  const identity = {
    id: `fit/${trainer.id}`,
    version: trainer.version * 1000 + prepared.definition.version,
    config: { trainer: config, inputs: [...prepared.inputs.columns.keys()], target: prepared.column },
    inputs,
  };
  const own = { ...identity, seed: project.seed, environment: environmentOf(extensions.modules) };
  return steps.run(identity, () =>
    withCheckpoints({ store: request.store }, own, (checkpoints) =>
      fitModel(production, candidate, checkpoints),
    ),
  );
}

async function fitModel(
  { prepared, division, project, transforms, context, progress }: StructureProduction,
  { trainer, config }: StructureCandidate,
  checkpoints: { readonly folder: string; readonly identity: string },
): Promise<StructureModel> {
  const { definition, truth } = prepared;
  const random = createRandom(project.seed).fork(`structure/${trainer.id}`);
  const { clock, logger, signal, threads } = context;
  const work = { clock, logger, signal, threads };
  const { train, validation } = division.whole;
  const alone = { ...project, models: [{ trainer: trainer.id, ...config }] };
  const tokenizer = pretrainedTokenizer(alone);
  const joined = joinedColumns(alone);
  const raw = takeRows(prepared.inputs, train);
  const plan = definition.plan({
    inputs: raw,
    trainer: trainer.id,
    config,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(joined.length > 0 ? { joined } : {}),
  });
  const { fitted: pipeline, features } = fitPipeline(raw, plan, {
    transforms,
    context: { ...work, random: random.fork("features"), report: () => undefined },
  });
  const rowsOf = (rows: Int32Array, made: Frame): StructuredRows<StructuredTask> => ({
    features: made,
    target: takeStructures(truth.target, rows),
  });
  const held = rowsOf(validation, applyPipeline(pipeline, takeRows(prepared.inputs, validation), transforms));
  const fitted = await trainer.fit({ train: rowsOf(train, features), validation: held }, config, {
    ...work,
    random: random.fork("fit"),
    checkpoints,
    report: ({ done, total, values }) =>
      progress.report({
        stage: "train",
        detail: trainer.id,
        done,
        total,
        ...(values ? { values } : {}),
      }),
  });
  const outputs = definition.outputs({
    target: truth.target,
    inputs: [...raw.columns.keys()],
    features: [...features.columns.keys()],
    config,
    validation: { target: held.target, tensors: fitted.predict(held.features) },
  });
  const { state, diagnostics } = fitted;
  return { trainer: trainer.id, config, pipeline, state, outputs, diagnostics };
}

/** A model that can be asked. */
export interface OpenStructure {
  readonly model: StructureModel;
  readonly fitted: FittedStructure;
  /** Tensors of raw rows. */
  compute(inputs: Frame): StructureTensors;
  answer(inputs: Frame): Promise<StructuredAnswer[]>;
}

export function openStructure(
  model: StructureModel,
  trainer: StructuredTrainer,
  transforms: TransformMap,
): OpenStructure {
  const fitted = trainer.restore(model.state);
  const apply = (inputs: Frame) => applyPipeline(model.pipeline, inputs, transforms);
  return {
    model,
    fitted,
    compute: (inputs) => fitted.predict(apply(inputs)),
    async answer(inputs) {
      const { outputs } = model;
      const compute = (frame: Frame) => computed(frame, apply(frame), fitted);
      if (outputs.kind !== "tags") return readAnswers(outputs, compute(inputs));
      return entitiesOfTexts((columnOf(inputs, outputs.text) as TextColumn).values, async (texts) => {
        const results = compute(createFrame([[outputs.text, { kind: "text", values: texts }]]));
        const ends = readingEnds(outputs, results);
        const answers = readAnswers(outputs, results) as EntitiesAnswer[];
        return answers.map((answer, row) => ({ ...answer, reach: ends[row]! }));
      });
    },
  };
}

/** What a graph would have given, and what would have gone in. */
function computed(inputs: Frame, features: Frame, fitted: FittedStructure): GraphResults {
  const columns = new Map<string, Tensor>();
  for (const [name, column] of [...inputs.columns, ...features.columns]) {
    columns.set(name, encodeFrameColumn({ name, kind: column.kind }, column));
  }
  return { rows: inputs.rows, tensors: fitted.predict(features), columns };
}
