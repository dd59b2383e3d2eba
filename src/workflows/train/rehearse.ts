import {
  applyPipeline,
  describeColumns,
  fitPipeline,
  planFeatures,
} from "../../capabilities/features/index.js";
import { BASELINE } from "../../catalogue.js";
import { createRandom } from "../../foundation/base/random.js";
import type { LearningPoint } from "../../foundation/contracts/evaluation.js";
import { createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { FinishedTrial, LearningMaterial, LearningTools } from "./learn.js";

/** Shares of the training rows at which the learning curve is measured; the last point is the trial itself. */
const CURVE_SHARES = [0.125, 0.25, 0.5];
/** A slower trial is not repeated for its curve. */
const CURVE_SECONDS = 8;

/** What the baseline, fitted on the given rows, says about others. */
export async function baselinePredictions(
  target: Target,
  train: Int32Array,
  rows: number,
  tools: Pick<LearningTools, "work" | "project">,
): Promise<Predictions> {
  const nothing = (count: number): Frame =>
    createFrame([["nothing", { kind: "number", values: new Float32Array(count) }]], count);
  const fitted = await BASELINE.fit(
    { train: { features: nothing(train.length), target: takeTarget(target, train) } },
    BASELINE.config.parse({}),
    { ...tools.work, random: createRandom(tools.project.seed), report: () => undefined },
  );
  return fitted.predict(nothing(rows));
}

/** Score of the chosen configuration when it learns from fewer rows, on training and validation rows. */
export async function learningCurve(
  best: FinishedTrial,
  material: LearningMaterial,
  tools: LearningTools,
): Promise<LearningPoint[]> {
  if (!tools.project.evaluation.learningCurve || best.seconds > CURVE_SECONDS) return [];
  const order = createRandom(tools.project.seed).fork("learning-curve").permutation(material.train.length);
  const points: LearningPoint[] = [];
  for (const share of [...CURVE_SHARES, 1]) {
    const count = Math.round(share * material.train.length);
    if (count < 30) continue;
    const rows =
      share === 1
        ? material.train
        : Int32Array.from(order.subarray(0, count), (i) => material.train[i]!).sort();
    const { value } = await tools.steps.run(
      {
        id: `curve/${best.plan.trainer.id}`,
        version: best.plan.trainer.version,
        config: { ...best.plan.config, share },
        inputs: { material: material.identity },
      },
      () => curvePoint(best, rows, material, tools),
    );
    points.push(value);
  }
  return points;
}

async function curvePoint(
  { plan }: FinishedTrial,
  rows: Int32Array,
  material: LearningMaterial,
  tools: LearningTools,
): Promise<LearningPoint> {
  const { frame, target, validation } = material;
  const random = createRandom(tools.project.seed).fork(`trial/${plan.trainer.id}`);
  const raw = takeRows(frame, rows);
  const classes = target.task === "regression" ? 1 : target.classes.length;
  const featurePlan = planFeatures(describeColumns(raw), plan.trainer.capabilities.features, {
    rows: rows.length,
    task: target.task,
    classes,
    segmenter: true,
  });
  const context = { ...tools.work, random, report: () => undefined };
  const { fitted: pipeline, features } = fitPipeline(raw, featurePlan, {
    transforms: tools.transforms,
    target: takeTarget(target, rows),
    context,
  });
  const held = {
    features: applyPipeline(pipeline, takeRows(frame, validation), tools.transforms),
    target: takeTarget(target, validation),
  };
  const fitted = await plan.trainer.fit(
    { train: { features, target: takeTarget(target, rows) }, validation: held },
    plan.config,
    context,
  );
  return {
    rows: rows.length,
    train: score(
      tools.metric,
      takeTarget(target, rows),
      fitted.predict(applyPipeline(pipeline, raw, tools.transforms)),
    ),
    validation: score(tools.metric, held.target, fitted.predict(held.features)),
  };
}

function score(metric: Metric, target: Target, predictions: Predictions): number | null {
  const value = metric.compute({ target, predictions }, metric.config.parse({}));
  return Number.isFinite(value) ? value : null;
}
