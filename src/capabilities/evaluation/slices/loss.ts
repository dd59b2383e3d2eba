import { weightedMean } from "../../../foundation/base/statistics.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { classInput, valueInput } from "../metrics/inputs.js";

/** How wrong the model is on each row: log loss (nat), or squared error in units of the target's variance. */
export function rowLosses(input: MetricInput): Float64Array {
  if (input.target.task !== "regression") {
    const { rows, codes, classCount, probabilities } = classInput(input);
    return Float64Array.from(
      { length: rows },
      (_, row) => -Math.log(Math.max(1e-6, probabilities[row * classCount + codes[row]!]!)),
    );
  }
  const { rows, actual, predicted, weights } = valueInput(input);
  const mean = weightedMean(rows, weights, (row) => actual[row]!);
  const variance = weightedMean(rows, weights, (row) => (actual[row]! - mean) ** 2) || 1;
  return actual.map((value, row) => (value - predicted[row]!) ** 2 / variance);
}
