/** All general metrics and which of them speak for a task. */
import { QuernError } from "../../../foundation/base/errors.js";
import type { Metric, MetricInput } from "../../../foundation/contracts/metric.js";
import type { TaskType } from "../../../foundation/contracts/target.js";
import * as absoluteErrors from "./absolute-error.js";
import { accuracy, balancedAccuracy } from "./accuracy.js";
import { cohenKappa, matthewsCorrelation } from "./agreement.js";
import { averagePrecision } from "./average-precision.js";
import { poissonDeviance } from "./deviance.js";
import { f1, fBeta, precision, recall } from "./precision-recall.js";
import { brier, expectedCalibrationError, logLoss } from "./probability.js";
import { rocAuc } from "./roc-auc.js";
import * as squaredErrors from "./squared-error.js";
import { topKAccuracy } from "./top-k.js";

/** The config type of a list of metrics cannot be more exact than this; each parses its own. */
export type AnyMetric = Metric;

export const METRICS: readonly AnyMetric[] = [
  rocAuc,
  averagePrecision,
  logLoss,
  accuracy,
  balancedAccuracy,
  precision,
  recall,
  f1,
  fBeta,
  matthewsCorrelation,
  cohenKappa,
  topKAccuracy,
  brier,
  expectedCalibrationError,
  squaredErrors.rootMeanSquaredError,
  squaredErrors.meanSquaredError,
  absoluteErrors.meanAbsoluteError,
  absoluteErrors.medianAbsoluteError,
  absoluteErrors.meanAbsolutePercentageError,
  absoluteErrors.symmetricPercentageError,
  squaredErrors.rSquared,
  squaredErrors.explainedVariance,
  squaredErrors.rootMeanSquaredLogError,
  absoluteErrors.pinballLoss,
  poissonDeviance,
];

const DEFAULT: Readonly<Record<TaskType, string>> = {
  binary: "auc",
  multiclass: "log-loss",
  regression: "rmse",
};

/** What reports and `metrics` of a result list, the most telling first. */
const REPORTED: Readonly<Record<TaskType, readonly string[]>> = {
  binary: [
    ...["auc", "average-precision", "log-loss", "accuracy", "balanced-accuracy", "precision", "recall", "f1"],
    ...["mcc", "brier", "ece"],
  ],
  multiclass: [
    ...["log-loss", "accuracy", "balanced-accuracy", "auc", "f1", "precision", "recall", "mcc", "kappa"],
    ...["top-k-accuracy", "brier", "ece"],
  ],
  regression: [...["rmse", "mae", "median-absolute-error", "r2", "explained-variance", "mape", "smape"]],
};

/** The metric that chooses models unless the project names one. */
export function defaultMetric(task: TaskType, metrics: readonly AnyMetric[] = METRICS): AnyMetric {
  return findMetric(DEFAULT[task], task, metrics);
}

export function reportedMetrics(task: TaskType, metrics: readonly AnyMetric[] = METRICS): AnyMetric[] {
  return REPORTED[task].map((id) => findMetric(id, task, metrics));
}

/** @throws QuernError CONFIG_INVALID, naming the metrics there are for the task. */
export function findMetric(id: string, task: TaskType, metrics: readonly AnyMetric[] = METRICS): AnyMetric {
  const fitting = metrics.filter((metric) => metric.tasks.includes(task));
  const found = fitting.find((metric) => metric.id === id);
  if (found) return found;
  const other = metrics.some((metric) => metric.id === id) ? `is not for a ${task} task` : "does not exist";
  throw new QuernError(
    "CONFIG_INVALID",
    `The metric ${JSON.stringify(id)} ${other}; metrics for ${task}: ${fitting.map((metric) => metric.id).join(", ")}.`,
    { details: { key: "task.metric", value: id } },
  );
}

/** Computes with the metric's own defaults, or with the settings given. */
export function computeMetric(
  metric: AnyMetric,
  input: MetricInput,
  settings: Readonly<Record<string, unknown>> = {},
): number {
  return metric.compute(input, metric.config.parse(settings));
}

/** Greater is better, for either direction; NaN stays NaN. */
export function orient(metric: Pick<AnyMetric, "direction">, value: number): number {
  return metric.direction === "maximize" ? value : -value;
}
