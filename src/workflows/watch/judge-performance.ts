import { estimateMetrics, orNull } from "../../capabilities/evaluation/intervals/bootstrap.js";
import { findMetric, orient, reportedMetrics } from "../../capabilities/evaluation/metrics/index.js";
import { normalBelow } from "../../foundation/base/normal-distribution.js";
import { createRandom } from "../../foundation/base/random.js";
import { quantileOfSorted } from "../../foundation/base/statistics.js";
import type { Estimate, Evaluation } from "../../foundation/contracts/evaluation.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import { computeMetric, type Metric, type MetricInput } from "../../foundation/contracts/metric.js";
import type {
  Cohort,
  MonitoringSettings,
  MonitorResult,
  WatchedMetric,
} from "../../foundation/contracts/monitoring.js";
import {
  type Predictions,
  type Target,
  type TaskType,
  takeTarget,
} from "../../foundation/contracts/target.js";
import { groupGaps } from "./group-gaps.js";
import type { HeldOutRows } from "./reference-rows.js";
import { takePredicted, type WatchedRows } from "./watched-rows.js";

const RESAMPLES = 300;
const COHORT_RESAMPLES = 200;
/** Beside the decisive one; more would only dilute what is looked at. */
const FURTHER_METRICS = 3;
/** Half the width of a 95 % interval in standard errors. */
const REACH = 1.96;
const LEVEL = 0.01;

/** The model's own figures from its training, and by which metric it was chosen. */
export interface Yardstick {
  readonly metric: Metric;
  readonly metrics: readonly Metric[];
  readonly threshold?: number;
  /** By metric, on held-out rows; empty where nothing is known. */
  readonly figures: ReadonlyMap<string, Pick<Estimate, "value" | "low" | "high">>;
}

/**
 * From the record of the training; with other reference rows, from those.
 * @param metric that chose the model
 */
export function yardstick(
  task: TaskType,
  evaluation: Evaluation | undefined,
  heldOut: HeldOutRows | undefined,
  metric: Metric,
): Yardstick {
  const metrics = [
    metric,
    ...reportedMetrics(task)
      .filter(({ id }) => id !== metric.id)
      .slice(0, FURTHER_METRICS),
  ];
  const threshold = evaluation?.threshold?.value;
  const common = { metric, metrics, ...(threshold === undefined ? {} : { threshold }) };
  if (evaluation) return { ...common, figures: new Map(Object.entries(evaluation.metrics)) };
  if (!heldOut?.target) return { ...common, figures: new Map() };
  const input = metricInput(heldOut.target, heldOut.predictions, threshold);
  const figures = estimateMetrics(metrics, input, {
    random: createRandom("reference"),
    resamples: RESAMPLES,
  });
  return { ...common, figures };
}

export function metricInput(target: Target, predictions: Predictions, threshold?: number): MetricInput {
  return { target, predictions, ...(threshold === undefined ? {} : { threshold }) };
}

/** Realised performance of the labelled rows; nothing where there are too few to say. */
export function judgePerformance(
  { labels, predictions, inputs }: WatchedRows,
  stick: Yardstick,
  settings: MonitoringSettings,
): MonitorResult["performance"] {
  const labelled = labels.rows.length;
  if (labelled < settings.minimumLabels) return null;
  const input = metricInput(labels.target, takePredicted(predictions, labels.rows), stick.threshold);
  const estimates = estimateMetrics(stick.metrics, input, {
    random: createRandom("performance"),
    resamples: RESAMPLES,
  });
  const delays = labels.delayMs.slice().sort();
  return {
    labelled,
    coverage: labelled / Math.max(1, inputs.rows),
    delayMs: {
      median: orNull(quantileOfSorted(delays, 0.5)),
      p90: orNull(quantileOfSorted(delays, 0.9)),
    },
    metrics: stick.metrics.map((metric) =>
      compareWithReference(metric, estimates.get(metric.id)!, stick, settings.tolerance),
    ),
  };
}

/** Worse by more than the tolerance, and by more than chance: both intervals tell how sure each figure is. */
function compareWithReference(
  metric: Metric,
  estimate: Estimate,
  { figures, metric: decisive }: Yardstick,
  tolerance: number,
): WatchedMetric {
  const reference = figures.get(metric.id) ?? { value: null, low: null, high: null };
  const { id: name, title, direction, range } = metric;
  const { value, low, high, rows } = estimate;
  let pValue: number | null = null;
  let alarm = false;
  if (value !== null && reference.value !== null) {
    const loss = orient(metric, reference.value) - orient(metric, value);
    const error = Math.hypot(standardError(estimate), standardError(reference));
    pValue = error > 0 ? 1 - normalBelow(loss / error) : loss > 0 ? 0 : 1;
    const scale = range?.every(Number.isFinite) ? 1 : Math.abs(reference.value) || 1;
    // Further metrics are shown; the one that chose the model decides, so that they raise no further false alarms.
    alarm = metric.id === decisive.id && pValue < LEVEL && loss >= tolerance * scale;
  }
  return {
    ...{ name, title, direction, value, low, high, rows, pValue, alarm },
    reference: { value: reference.value, low: reference.low, high: reference.high },
  };
}

function standardError({ low, high }: Pick<Estimate, "low" | "high">): number {
  return low === null || high === null ? 0 : (high - low) / (2 * REACH);
}

/** The decisive metric by when predictions were made. */
export function judgeCohorts(
  rows: WatchedRows,
  stick: Yardstick,
  span: {
    readonly from: number;
    readonly to: number;
    readonly parts: number;
    readonly groups: readonly string[];
  },
  expect: (predictions: Predictions) => Cohort["estimated"],
): Cohort[] {
  const { at, labels } = rows;
  if (!at) return [];
  const length = (span.to - span.from) / span.parts;
  return Array.from({ length: span.parts }, (_, part) => {
    const [from, to] = [span.from + part * length, span.from + (part + 1) * length];
    const inside = (row: number) => at[row]! >= from && at[row]! < to;
    const all = Array.from(at.keys()).filter(inside);
    const positions = Array.from(labels.rows.keys()).filter((position) => inside(labels.rows[position]!));
    const chosen = positions.map((position) => labels.rows[position]!);
    const figures = cohortFigures(
      takeTarget(labels.target, positions),
      takePredicted(rows.predictions, chosen),
      stick,
    );
    const estimated = all.length > 0 ? expect(takePredicted(rows.predictions, all)) : null;
    const gaps = groupGaps(
      { inputs: takeRows(rows.inputs, all), predictions: takePredicted(rows.predictions, all) },
      stick.threshold,
      span.groups,
    );
    return { from, to, rows: all.length, labelled: positions.length, ...figures, estimated, gaps };
  });
}

/** Fewer labels than these tell nothing even with an interval. */
const FEWEST_LABELS = 10;

function cohortFigures(
  target: Target,
  predictions: Predictions,
  { metric, threshold }: Yardstick,
): Pick<Cohort, "value" | "low" | "high" | "calibrationError"> {
  const rows = target.task === "regression" ? target.values.length : target.codes.length;
  if (rows < FEWEST_LABELS) return { value: null, low: null, high: null, calibrationError: null };
  const input = metricInput(target, predictions, threshold);
  const options = { random: createRandom("cohort"), resamples: COHORT_RESAMPLES };
  const { value, low, high } = estimateMetrics([metric], input, options).get(metric.id)!;
  const calibrationError =
    target.task === "regression" ? null : orNull(computeMetric(findMetric("ece", target.task), input));
  return { value, low, high, calibrationError };
}
