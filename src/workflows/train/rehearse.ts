import {
  applyPipeline,
  describeColumns,
  fitAfterSteps,
  planFeatures,
} from "../../capabilities/features/index.js";
import { BASELINE } from "../../catalogue.js";
import { createRandom } from "../../foundation/base/random.js";
import type { LearningPoint } from "../../foundation/contracts/evaluation.js";
import { createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { computeMetric, type Metric } from "../../foundation/contracts/metric.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { LearningMaterial } from "../learn/material.js";
import type { FinishedTrial } from "../learn/trial.js";
import type { Production } from "./production.js";

/** Shares of the training rows at which the learning curve is measured; the last point is the trial itself. */
const CURVE_SHARES = [0.125, 0.25, 0.5];
/** A slower trial is not repeated for its curve. */
const CURVE_SECONDS = 4;
/** Nor one that takes more than this share of a training's time. */
const CURVE_SHARE = 0.005;

/** What the baseline, fitted on the given rows, says about others. */
export async function baselinePredictions(
  target: Target,
  train: Int32Array,
  rows: number,
  { project, context }: Pick<Production, "context" | "project">,
): Promise<Predictions> {
  const nothing = (count: number): Frame =>
    createFrame([["nothing", { kind: "number", values: new Float32Array(count) }]], count);
  const fitted = await BASELINE.fit(
    { train: { features: nothing(train.length), target: takeTarget(target, train) } },
    BASELINE.config.parse({}),
    { ...workOf(context), random: createRandom(project.seed), report: () => undefined },
  );
  return fitted.predict(nothing(rows));
}

const workOf = ({ clock, logger, signal, threads }: Production["context"]) => ({
  clock,
  logger,
  signal,
  threads,
});

/** Score of the best configuration when it learns from fewer rows, on training and validation rows. */
export async function learningCurve(
  best: FinishedTrial,
  material: LearningMaterial,
  production: Production,
): Promise<LearningPoint[]> {
  const { project, steps, agenda } = production;
  const [fold] = material.folds;
  const { trainer, config } = best.candidate;
  const affordable = agenda.seconds === undefined ? CURVE_SECONDS : agenda.seconds * CURVE_SHARE;
  if (!project.evaluation.learningCurve || best.fits[0]!.seconds > affordable) return [];
  const order = createRandom(project.seed).fork("learning-curve").permutation(fold!.fit.length);
  const points: LearningPoint[] = [];
  for (const share of [...CURVE_SHARES, 1]) {
    const count = Math.round(share * fold!.fit.length);
    if (count < 30) continue;
    const rows = Int32Array.from(order.subarray(0, count), (i) => fold!.fit[i]!).sort();
    const { value } = await steps.run(
      {
        id: `curve/${trainer.id}`,
        version: trainer.version,
        config: { ...config, share },
        inputs: { fit: best.fits[0]!.hash },
      },
      () => curvePoint(best, { fit: rows, heldOut: fold!.heldOut }, material, production),
    );
    points.push(value);
  }
  return points;
}

async function curvePoint(
  { candidate: { trainer, config } }: FinishedTrial,
  { fit, heldOut }: LearningMaterial["folds"][number],
  { frame, target, steps = [], tokenizer, joined }: LearningMaterial,
  { project, context, transforms, metric }: Production,
): Promise<LearningPoint> {
  const random = createRandom(project.seed).fork(`trial/${trainer.id}`);
  const raw = takeRows(frame, fit);
  const classes = target.task === "regression" ? 1 : target.classes.length;
  const limits = {
    rows: fit.length,
    task: target.task,
    classes,
    segmenter: true,
    ...(tokenizer === undefined ? {} : { tokenizer }),
    ...(joined === undefined ? {} : { joined }),
  };
  const known = takeTarget(target, fit);
  const planFor = (columns: Frame) =>
    planFeatures(describeColumns(columns, known), trainer.capabilities.features, limits);
  const work = { ...workOf(context), random, report: () => undefined };
  const { fitted: pipeline, features } = fitAfterSteps(raw, steps, planFor, {
    transforms,
    target: known,
    context: work,
  });
  const held = {
    features: applyPipeline(pipeline, takeRows(frame, heldOut), transforms),
    target: takeTarget(target, heldOut),
  };
  const fitted = await trainer.fit({ train: { features, target: known }, validation: held }, config, work);
  const seen = fitted.predict(applyPipeline(pipeline, raw, transforms));
  return {
    rows: fit.length,
    train: score(metric, known, seen),
    validation: score(metric, held.target, fitted.predict(held.features)),
  };
}

function score(metric: Metric, target: Target, predictions: Predictions): number | null {
  const value = computeMetric(metric, { target, predictions });
  return Number.isFinite(value) ? value : null;
}
