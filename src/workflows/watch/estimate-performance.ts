import { orNull } from "../../capabilities/evaluation/intervals/bootstrap.js";
import { jointPoints } from "../../capabilities/monitoring/drift/joint-points.js";
import { expectedMetric } from "../../capabilities/monitoring/estimated-performance/expected-metric.js";
import { nearestLosses } from "../../capabilities/monitoring/estimated-performance/nearest-losses.js";
import { createRandom, type Random } from "../../foundation/base/random.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import { createFrame, type Frame, takeRows } from "../../foundation/contracts/frame.js";
import { computeMetric } from "../../foundation/contracts/metric.js";
import type { Cohort, EstimatedPerformance } from "../../foundation/contracts/monitoring.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import { metricInput, type Yardstick } from "./judge-performance.js";
import type { HeldOutRows } from "./reference-rows.js";
import { predictionFrame, spread, takePredicted, type WatchedRows } from "./watched-rows.js";

/** Rows drawn for: more narrow the band by less than is shown. */
const MOST_ROWS = 5000;
const NEIGHBOUR_ROWS = 1500;
/** Standard errors beyond which chance (1 in 1000) is no explanation. */
const BEYOND_CHANCE = 3.29;
const REACH = 1.96;

interface Expected {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** What the metric would be by the model's own probabilities. */
export function expectFromProbabilities(
  predictions: Predictions,
  { outputs }: Manifest,
  { metric, threshold }: Yardstick,
  random: Random,
  draws = 200,
): Expected | null {
  if (predictions.kind !== "probabilities" || outputs.kind !== "classes") return null;
  const rows = spread(predictions.values.length / predictions.classes, MOST_ROWS);
  const sample = takePredicted(predictions, rows);
  const task = outputs.classes.length === 2 ? "binary" : "multiclass";
  const { classes } = outputs;
  const expected = expectedMetric({
    probabilities: sample.values,
    classes: classes.length,
    metric: (codes) => computeMetric(metric, metricInput({ task, codes, classes }, sample, threshold)),
    random,
    draws,
  });
  return Number.isNaN(expected.value) ? null : expected;
}

/** As a cohort shows it. */
export function expectCohort(
  predictions: Predictions,
  manifest: Manifest,
  stick: Yardstick,
): Cohort["estimated"] {
  return expectFromProbabilities(predictions, manifest, stick, createRandom("cohort"), 60);
}

/** Of all rows of the window, with its check on those whose labels are known. */
export function estimatePerformance(
  rows: WatchedRows,
  heldOut: HeldOutRows | undefined,
  manifest: Manifest,
  stick: Yardstick,
  minimumLabels: number,
): EstimatedPerformance | null {
  if (rows.inputs.rows === 0) return null;
  const { labels, predictions } = rows;
  const judged = labels.rows.length >= minimumLabels;
  const known = takePredicted(predictions, labels.rows);
  const byProbability = predictions.kind === "probabilities";
  const expect = (of: Predictions, inputs: Frame): Expected | null =>
    byProbability
      ? expectFromProbabilities(of, manifest, stick, createRandom("estimate"))
      : expectFromNeighbours({ inputs, predictions: of }, heldOut, manifest, stick);
  const whole = expect(predictions, rows.inputs);
  if (!whole) return null;
  const labelled = judged ? expect(known, takeRows(rows.inputs, labels.rows)) : null;
  const realised = judged
    ? computeMetric(stick.metric, metricInput(labels.target, known, stick.threshold))
    : Number.NaN;
  return {
    metric: stick.metric.id,
    method: byProbability ? "calibrated-probabilities" : "nearest-losses",
    ...whole,
    reference: stick.figures.get(stick.metric.id)?.value ?? null,
    rows: rows.inputs.rows,
    validity: {
      rows: labels.rows.length,
      estimated: labelled?.value ?? null,
      realised: orNull(realised),
      verdict: verdictOf(labelled, realised),
    },
  };
}

function verdictOf(expected: Expected | null, realised: number): EstimatedPerformance["validity"]["verdict"] {
  if (!expected || Number.isNaN(realised)) return "unknown";
  const error = (expected.high - expected.low) / (2 * REACH);
  return Math.abs(realised - expected.value) <= BEYOND_CHANCE * error ? "agrees" : "contradicted";
}

/** Metrics that are a mean of losses, or the root of one. */
const LOSSES: Readonly<Record<string, { loss(error: number): number; value(mean: number): number }>> = {
  rmse: { loss: (error) => error * error, value: Math.sqrt },
  mse: { loss: (error) => error * error, value: (mean) => mean },
  mae: { loss: Math.abs, value: (mean) => mean },
};

/** The losses of held-out rows like these, by inputs and prediction. */
function expectFromNeighbours(
  current: { readonly inputs: Frame; readonly predictions: Predictions },
  heldOut: HeldOutRows | undefined,
  manifest: Manifest,
  { metric }: Yardstick,
): Expected | null {
  const kind = LOSSES[metric.id];
  if (!kind || heldOut?.target?.task !== "regression" || current.inputs.rows === 0) return null;
  const { values } = heldOut.target;
  const reference = sampled(heldOut, manifest);
  const window = sampled(current, manifest);
  const losses = Float64Array.from(reference.rows, (row) =>
    kind.loss(heldOut.predictions.values[row]! - values[row]!),
  );
  const names = [...reference.frame.columns.keys()].filter((name) => window.frame.columns.has(name));
  const points = jointPoints(
    names.map((name) => ({
      ...{ name, role: "input" as const },
      reference: reference.frame.columns.get(name)!,
      current: window.frame.columns.get(name)!,
    })),
  );
  const expected = nearestLosses(points.reference, losses, points.current);
  const mean = expected.reduce((sum, loss) => sum + loss, 0) / expected.length;
  // Single losses scatter as those of the held-out rows do.
  const middle = losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
  const variance = losses.reduce((sum, loss) => sum + (loss - middle) ** 2, 0) / losses.length;
  const reach = REACH * Math.sqrt(variance * (1 / current.inputs.rows + 1 / losses.length));
  return {
    value: kind.value(mean),
    low: kind.value(Math.max(0, mean - reach)),
    high: kind.value(mean + reach),
  };
}

function sampled(
  { inputs, predictions }: { readonly inputs: Frame; readonly predictions: Predictions },
  manifest: Manifest,
): { rows: Int32Array; frame: Frame } {
  const rows = spread(inputs.rows, NEIGHBOUR_ROWS);
  const predicted = predictionFrame(predictions, manifest);
  return { rows, frame: takeRows(createFrame([...inputs.columns, ...predicted.columns]), rows) };
}
