import type { Random } from "../../../foundation/base/random.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";

export interface ExpectedMetric {
  readonly value: number;
  /** 95 % band in which the metric of these rows would lie. */
  readonly low: number;
  readonly high: number;
}

export interface ExpectedMetricRequest {
  /** Row-major, `rows * classes`, calibrated. */
  readonly probabilities: Float64Array;
  readonly classes: number;
  /** The metric of the same predictions, were these the true classes; NaN where undefined. */
  readonly metric: (codes: Int32Array) => number;
  readonly random: Random;
  /** Default 200. */
  readonly draws?: number;
}

/**
 * What a metric will be once the labels come, if the probabilities are right: its mean over labels drawn from them.
 * Right under covariate shift alone. The idea is CBPE's (NannyML); drawing labels gives every metric and its
 * sampling band at once. NaN where most draws have no value.
 */
export function expectedMetric(request: ExpectedMetricRequest): ExpectedMetric {
  const { probabilities, classes, metric, random, draws = 200 } = request;
  const rows = probabilities.length / classes;
  const codes = new Int32Array(rows);
  const values: number[] = [];
  for (let draw = 0; draw < draws; draw++) {
    for (let row = 0; row < rows; row++)
      codes[row] = drawClass(probabilities, row * classes, classes, random);
    const value = metric(codes);
    if (!Number.isNaN(value)) values.push(value);
  }
  if (values.length < draws / 2) return { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  const sorted = Float64Array.from(values).sort();
  return {
    value: values.reduce((sum, value) => sum + value, 0) / values.length,
    low: quantileOfSorted(sorted, 0.025),
    high: quantileOfSorted(sorted, 0.975),
  };
}

function drawClass(probabilities: Float64Array, start: number, classes: number, random: Random): number {
  let left = random.uniform();
  for (let k = 0; k < classes - 1; k++) {
    left -= probabilities[start + k]!;
    if (left < 0) return k;
  }
  return classes - 1;
}
