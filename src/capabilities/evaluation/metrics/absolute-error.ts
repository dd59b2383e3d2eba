import { z } from "zod";
import { weightedMean, weightedMedian } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { valueInput } from "./inputs.js";

const none = z.strictObject({});
const common = {
  version: 1,
  tasks: ["regression"],
  direction: "minimize",
  range: [0, Number.POSITIVE_INFINITY],
} as const;

export const meanAbsoluteError = defineMetric({
  ...common,
  id: "mae",
  title: "MAE",
  summary: "Mean absolute error, in the unit of the target.",
  config: none,
  unit: "target",
  compute(metricInput) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    return weightedMean(rows, weights, (row) => Math.abs(actual[row]! - predicted[row]!));
  },
});

export const medianAbsoluteError = defineMetric({
  ...common,
  id: "median-absolute-error",
  title: "Median absolute error",
  summary: "Half of the errors are smaller; outliers do not matter.",
  config: none,
  unit: "target",
  compute(metricInput) {
    const { actual, predicted, weights } = valueInput(metricInput);
    return weightedMedian(
      actual.map((value, row) => Math.abs(value - predicted[row]!)),
      weights,
    );
  },
});

export const meanAbsolutePercentageError = defineMetric({
  ...common,
  id: "mape",
  title: "MAPE",
  summary: "Mean absolute error as a share of the true value; huge where true values are near 0.",
  config: none,
  compute(metricInput) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    return weightedMean(
      rows,
      weights,
      (row) => Math.abs(actual[row]! - predicted[row]!) / Math.max(Number.EPSILON, Math.abs(actual[row]!)),
    );
  },
});

/** Makridakis (1993), as a share from 0 to 2; 0 where both values are 0. */
export const symmetricPercentageError = defineMetric({
  ...common,
  id: "smape",
  title: "sMAPE",
  summary: "Absolute error as a share of the mean size of truth and prediction.",
  config: none,
  range: [0, 2],
  compute(metricInput) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    return weightedMean(rows, weights, (row) => {
      const size = Math.abs(actual[row]!) + Math.abs(predicted[row]!);
      return size === 0 ? 0 : (2 * Math.abs(actual[row]! - predicted[row]!)) / size;
    });
  },
});

/** Koenker and Bassett (1978). */
export const pinballLoss = defineMetric({
  ...common,
  id: "pinball",
  title: "Pinball loss",
  summary: "Error of a predicted quantile: too low costs alpha, too high 1 - alpha.",
  config: z.strictObject({
    alpha: z
      .number()
      .gt(0)
      .lt(1)
      .default(0.5)
      .register(fields, { title: "Alpha", help: "The quantile that is predicted." }),
  }),
  unit: "target",
  compute(metricInput, { alpha }) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    return weightedMean(rows, weights, (row) => {
      const error = actual[row]! - predicted[row]!;
      return error >= 0 ? alpha * error : (alpha - 1) * error;
    });
  },
});
