import { z } from "zod";
import { indexOfLargest } from "../../../foundation/base/largest.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { type ClassInput, classInput } from "./inputs.js";

const none = z.strictObject({});
const SMALLEST = Number.EPSILON;

export const logLoss = defineMetric({
  id: "log-loss",
  version: 1,
  title: "Log loss",
  summary: "Mean negative logarithm of the probability given to the true class.",
  config: none,
  tasks: ["binary", "multiclass"],
  direction: "minimize",
  range: [0, -Math.log(SMALLEST)],
  unit: "nat",
  compute(metricInput) {
    const { rows, codes, classCount, probabilities, weights } = classInput(metricInput);
    return weightedMean(rows, weights, (row) => {
      const probability = probabilities[row * classCount + codes[row]!]!;
      return -Math.log(Math.min(1 - SMALLEST, Math.max(SMALLEST, probability))) + 0;
    });
  },
});

/** Brier, Verification of forecasts expressed in terms of probability (1950). */
export const brier = defineMetric({
  id: "brier",
  version: 1,
  title: "Brier score",
  summary: "Mean squared error of the probabilities; of two classes the positive one's, of several the sum.",
  config: none,
  tasks: ["binary", "multiclass"],
  direction: "minimize",
  range: [0, 2],
  compute(metricInput) {
    const { rows, codes, classCount, probabilities, weights } = classInput(metricInput);
    return weightedMean(rows, weights, (row) => {
      if (classCount === 2) return (probabilities[row * 2 + 1]! - codes[row]!) ** 2;
      let sum = 0;
      for (let k = 0; k < classCount; k++) {
        sum += (probabilities[row * classCount + k]! - (codes[row] === k ? 1 : 0)) ** 2;
      }
      return sum;
    });
  },
});

/** Naeini et al. (2015); for several classes, of the most probable one as in Guo et al. (2017). */
export const expectedCalibrationError = defineMetric({
  id: "ece",
  version: 1,
  title: "Calibration error",
  summary: "Mean gap between probability and observed share over bins of equal width.",
  config: z.strictObject({
    bins: z
      .number()
      .int()
      .min(2)
      .max(1000)
      .default(15)
      .register(fields, { title: "Bins", help: "Of equal width between 0 and 1." }),
  }),
  tasks: ["binary", "multiclass"],
  direction: "minimize",
  range: [0, 1],
  compute(metricInput, { bins }) {
    const input = classInput(metricInput);
    const gaps = new Float64Array(bins);
    let total = 0;
    for (let row = 0; row < input.rows; row++) {
      const weight = input.weights ? input.weights[row]! : 1;
      const [confidence, happened] = claim(input, row);
      gaps[Math.min(bins - 1, Math.floor(confidence * bins))]! += weight * (happened - confidence);
      total += weight;
    }
    if (total === 0) return Number.NaN;
    return gaps.reduce((sum, gap) => sum + Math.abs(gap), 0) / total;
  },
});

/** What the model claims of a row, and whether it is so: positive class of two, else the most probable one. */
function claim({ classCount, codes, probabilities }: ClassInput, row: number): [number, number] {
  const start = row * classCount;
  const best = classCount > 2 ? indexOfLargest(probabilities, start, classCount) : 1;
  return [probabilities[start + best]!, codes[row] === best ? 1 : 0];
}
