/** Metrics that need one number of a row's prediction, as loops over (sums + column) * share. */
import { targetRows } from "../../foundation/contracts/target.js";
import type { CombinationProblem } from "./problem.js";

export interface ColumnLoss {
  /** Which class's probability is the number, by row; values have one. */
  readonly position: (row: number) => number;
  /** Greater is better. */
  readonly score: (sums: Float64Array, column: Float64Array, share: number) => number;
}

type Blend = Parameters<ColumnLoss["score"]>;
type Weights = Float64Array | undefined;

/** Up to this many rows AUC is exact. */
const ROWS_OF_EXACT_AREA = 1024;

/** Undefined for metrics that need more than a column. */
export function columnLoss(problem: CombinationProblem): ColumnLoss | undefined {
  const { metric, target, weights } = problem;
  if (metric.id === "log-loss" && target.task !== "regression") {
    return { position: (row) => target.codes[row]!, score: (...blend) => meanLog(weights, blend) };
  }
  if (target.task === "multiclass") return undefined;
  const position = () => 1;
  const actual = target.task === "regression" ? target.values : Float64Array.from(target.codes);
  switch (metric.id) {
    case "rmse":
    case "mse":
    case "brier":
      return { position, score: (...blend) => -meanSquare(actual, weights, blend) };
    case "mae":
      return { position, score: (...blend) => -meanDistance(actual, weights, blend) };
    case "auc": {
      if (targetRows(target) > ROWS_OF_EXACT_AREA) return { position, score: histogramArea(actual, weights) };
      return weights ? undefined : { position, score: exactArea(actual) };
    }
    default:
      return undefined;
  }
}

/** Sixteen probabilities of at least 2^-52 have a product that a double holds, and one logarithm. */
const FACTORS = 16;
const SMALLEST = Number.EPSILON;

/** Weighted mean of log probabilities, clipped as the metric clips. */
function meanLog(weights: Weights, [sums, column, share]: Blend): number {
  const clip = (value: number) => (value < SMALLEST ? SMALLEST : Math.min(value, 1 - SMALLEST));
  let sum = 0;
  let total = 0;
  if (weights) {
    for (let row = 0; row < sums.length; row++) {
      sum += weights[row]! * Math.log(clip((sums[row]! + column[row]!) * share));
      total += weights[row]!;
    }
    return sum / total;
  }
  for (let start = 0; start < sums.length; start += FACTORS) {
    const end = Math.min(sums.length, start + FACTORS);
    let product = 1;
    for (let row = start; row < end; row++) product *= clip((sums[row]! + column[row]!) * share);
    sum += Math.log(product);
  }
  return sum / sums.length;
}

/** RMSE orders blends as its square does. */
function meanSquare(actual: Float64Array, weights: Weights, [sums, column, share]: Blend): number {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < sums.length; row++) {
    const weight = weights ? weights[row]! : 1;
    const error = (sums[row]! + column[row]!) * share - actual[row]!;
    sum += weight * error * error;
    total += weight;
  }
  return sum / total;
}

function meanDistance(actual: Float64Array, weights: Weights, [sums, column, share]: Blend): number {
  let sum = 0;
  let total = 0;
  for (let row = 0; row < sums.length; row++) {
    const weight = weights ? weights[row]! : 1;
    sum += weight * Math.abs((sums[row]! + column[row]!) * share - actual[row]!);
    total += weight;
  }
  return sum / total;
}

/**
 * Area under the ROC curve as the share of pairs in the right order (Mann and Whitney, 1947): both classes sorted apart,
 * without a comparison function, and walked through together.
 */
function exactArea(positive: Float64Array): ColumnLoss["score"] {
  const found = positive.reduce((sum, one) => sum + one, 0);
  const above = new Float64Array(found);
  const below = new Float64Array(positive.length - found);
  return (sums, column, share) => {
    let p = 0;
    let n = 0;
    for (let row = 0; row < sums.length; row++) {
      const score = (sums[row]! + column[row]!) * share;
      if (positive[row] === 1) above[p++] = score;
      else below[n++] = score;
    }
    return orderedShare(below.sort(), above.sort());
  };
}

/** Share of pairs in which the one of `above` is greater, equal ones counting half; both ascending. */
function orderedShare(below: Float64Array, above: Float64Array): number {
  let pairs = 0;
  let less = 0;
  let lessOrEqual = 0;
  for (const score of above) {
    while (less < below.length && below[less]! < score) less++;
    if (lessOrEqual < less) lessOrEqual = less;
    while (lessOrEqual < below.length && below[lessOrEqual]! <= score) lessOrEqual++;
    pairs += (less + lessOrEqual) / 2;
  }
  const share = pairs / (above.length * below.length);
  return Number.isNaN(share) ? Number.NEGATIVE_INFINITY : share;
}

/** Bins for each factor of two between 2^-EXPONENTS and 1/2, on either side of 1/2. */
const MANTISSA_BITS = 10;
const EXPONENTS = 24;
const HALF_BINS = EXPONENTS << MANTISSA_BITS;
/** 126: the exponent field of float32 numbers from 1/2 up. */
const LOWEST_KEY = (126 - EXPONENTS) << MANTISSA_BITS;

/**
 * Area under the ROC curve with scores taken together that agree in 10 bits of the smaller of p and 1 - p: counting in
 * bins replaces a sort. The bins are far finer than the noise of an AUC over more than a thousand rows.
 */
function histogramArea(positive: Float64Array, weights: Weights): ColumnLoss["score"] {
  const positives = new Float64Array(2 * HALF_BINS + 2);
  const all = new Float64Array(2 * HALF_BINS + 2);
  const float = new Float32Array(1);
  const bits = new Uint32Array(float.buffer);
  const halfBin = (p: number) => {
    float[0] = p;
    const key = (bits[0]! >>> (23 - MANTISSA_BITS)) - LOWEST_KEY;
    return p <= 0 || key < 0 ? 0 : Math.min(key, HALF_BINS);
  };
  return (sums, column, share) => {
    positives.fill(0);
    all.fill(0);
    for (let row = 0; row < sums.length; row++) {
      const p = (sums[row]! + column[row]!) * share;
      const bin = p <= 0.5 ? halfBin(p) : 2 * HALF_BINS + 1 - halfBin(1 - p);
      const weight = weights ? weights[row]! : 1;
      all[bin]! += weight;
      positives[bin]! += weight * positive[row]!;
    }
    return areaOf(positives, all);
  };
}

function areaOf(positives: Float64Array, all: Float64Array): number {
  let below = 0;
  let found = 0;
  let above = 0;
  for (let bin = 0; bin < all.length; bin++) {
    if (all[bin] === 0) continue;
    const negatives = all[bin]! - positives[bin]!;
    above += positives[bin]! * (below + negatives / 2);
    below += negatives;
    found += positives[bin]!;
  }
  const area = above / (found * below);
  return Number.isNaN(area) ? Number.NEGATIVE_INFINITY : area;
}
