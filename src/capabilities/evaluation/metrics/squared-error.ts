import { z } from "zod";
import { weightedMean } from "../../../foundation/base/statistics.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { type ValueInput, valueInput } from "./inputs.js";

const none = z.strictObject({});
const common = { version: 1, config: none, tasks: ["regression"] } as const;

function meanSquare({ rows, weights, actual, predicted }: ValueInput): number {
  return weightedMean(rows, weights, (row) => (actual[row]! - predicted[row]!) ** 2);
}

export const meanSquaredError = defineMetric({
  ...common,
  id: "mse",
  title: "MSE",
  summary: "Mean squared error.",
  direction: "minimize",
  range: [0, Number.POSITIVE_INFINITY],
  unit: "target²",
  compute: (input) => meanSquare(valueInput(input)),
});

export const rootMeanSquaredError = defineMetric({
  ...common,
  id: "rmse",
  title: "RMSE",
  summary: "Root of the mean squared error, in the unit of the target; large errors weigh most.",
  direction: "minimize",
  range: [0, Number.POSITIVE_INFINITY],
  unit: "target",
  compute: (input) => Math.sqrt(meanSquare(valueInput(input))),
});

export const rootMeanSquaredLogError = defineMetric({
  ...common,
  id: "rmsle",
  title: "RMSLE",
  summary: "RMSE of log(1 + value): errors relative to size. Undefined for values of -1 or less.",
  direction: "minimize",
  range: [0, Number.POSITIVE_INFINITY],
  compute(metricInput) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    const square = weightedMean(rows, weights, (row) => {
      if (actual[row]! <= -1 || predicted[row]! <= -1) return Number.NaN;
      return (Math.log1p(actual[row]!) - Math.log1p(predicted[row]!)) ** 2;
    });
    return Math.sqrt(square);
  },
});

/** Share of variance that is left, subtracted from 1; a constant target gives 1 if met exactly, otherwise 0. */
function determined(unexplained: number, variance: number): number {
  if (Number.isNaN(unexplained)) return Number.NaN;
  if (variance > 0) return 1 - unexplained / variance;
  return unexplained === 0 ? 1 : 0;
}

export const rSquared = defineMetric({
  ...common,
  id: "r2",
  title: "R²",
  summary: "Share of the target's variance that the predictions explain; below 0 is worse than the mean.",
  direction: "maximize",
  range: [Number.NEGATIVE_INFINITY, 1],
  compute(metricInput) {
    const input = valueInput(metricInput);
    if (input.rows < 2) return Number.NaN;
    const mean = weightedMean(input.rows, input.weights, (row) => input.actual[row]!);
    const variance = weightedMean(input.rows, input.weights, (row) => (input.actual[row]! - mean) ** 2);
    return determined(meanSquare(input), variance);
  },
});

export const explainedVariance = defineMetric({
  ...common,
  id: "explained-variance",
  title: "Explained variance",
  summary: "Like R², but a constant error is forgiven.",
  direction: "maximize",
  range: [Number.NEGATIVE_INFINITY, 1],
  compute(metricInput) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    const mean = weightedMean(rows, weights, (row) => actual[row]!);
    const bias = weightedMean(rows, weights, (row) => actual[row]! - predicted[row]!);
    const variance = weightedMean(rows, weights, (row) => (actual[row]! - mean) ** 2);
    const left = weightedMean(rows, weights, (row) => (actual[row]! - predicted[row]! - bias) ** 2);
    return determined(left, variance);
  },
});
