/**
 * Tests of the difference of two models on the same rows or folds. Each answers its question alone: `mcnemar` for
 * decisions, `delong` for areas under ROC curves, `permutationTest` for anything that is a mean over rows,
 * `correctedResampledTest` and `fiveByTwoTest` for folds. p values are two-sided.
 */

import {
  betaBelow,
  fisherTail,
  studentReach,
  studentTwoSided,
} from "../../../foundation/base/beta-distribution.js";
import { normalQuantile, twoSided } from "../../../foundation/base/normal-distribution.js";
import type { Random } from "../../../foundation/base/random.js";

export interface PairedTest {
  /** First minus second. */
  readonly difference: number;
  /** 95 % interval of the difference; NaN where the test has none. */
  readonly low: number;
  readonly high: number;
  readonly pValue: number;
}

/** Exact McNemar test: `onlyFirst` rows that only the first model had right, `onlySecond` those of the second. */
export function mcnemar(onlyFirst: number, onlySecond: number): number {
  const rows = onlyFirst + onlySecond;
  if (onlyFirst === onlySecond) return 1;
  // P(X <= least) of a fair coin thrown `rows` times.
  const least = Math.min(onlyFirst, onlySecond);
  return Math.min(1, 2 * betaBelow(0.5, rows - least, least + 1));
}

/**
 * Areas under two ROC curves (DeLong, DeLong and Clarke-Pearson 1988), by mid-ranks in O(n log n) after Sun and Xu
 * (2014). `positive`: 1 for rows of the positive class. NaN with fewer than two rows of a class.
 */
export function delong(positive: Uint8Array, first: Float64Array, second: Float64Array): PairedTest {
  const a = placements(positive, first);
  const b = placements(positive, second);
  const difference = a.area - b.area;
  const spread = (x: Float64Array, y: Float64Array) =>
    varianceOf(x.map((value, i) => value - y[i]!)) / x.length;
  const error = Math.sqrt(spread(a.positives, b.positives) + spread(a.negatives, b.negatives));
  const reach = normalQuantile(0.975) * error;
  const pValue =
    error > 0 ? twoSided(difference / error) : difference === 0 ? 1 : error === 0 ? 0 : Number.NaN;
  return { difference, low: difference - reach, high: difference + reach, pValue };
}

/** Of each row, the share of rows of the other class that it is ranked rightly against. */
function placements(positive: Uint8Array, scores: Float64Array) {
  const rows = Array.from(scores.keys());
  const of = (wanted: number) =>
    Float64Array.from(
      rows.filter((row) => positive[row] === wanted),
      (row) => scores[row]!,
    );
  const [high, low] = [of(1), of(0)];
  const [sortedHigh, sortedLow] = [high.slice().sort(), low.slice().sort()];
  const share = (sorted: Float64Array, score: number) =>
    (countBelow(sorted, score, false) + countBelow(sorted, score, true)) / 2 / sorted.length;
  const positives = high.map((score) => share(sortedLow, score));
  const negatives = low.map((score) => 1 - share(sortedHigh, score));
  return { positives, negatives, area: meanOf(positives) };
}

function countBelow(sorted: Float64Array, limit: number, inclusive: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit || (inclusive && sorted[middle] === limit)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * Sign-flip test of the mean of `differences` (one a row: loss of the first minus loss of the second): under no
 * difference the models' names could be swapped row by row. Exact up to the number of draws (Phipson and Smyth 2010).
 */
export function permutationTest(differences: Float64Array, random: Random, draws = 2000): PairedTest {
  const observed = Math.abs(meanOf(differences));
  let asFar = 0;
  for (let draw = 0; draw < draws; draw++) {
    let sum = 0;
    for (let row = 0; row < differences.length; ) {
      let signs = random.integer(0x1_0000_0000);
      const end = Math.min(differences.length, row + 32);
      for (; row < end; row++, signs >>>= 1) sum += signs & 1 ? differences[row]! : -differences[row]!;
    }
    if (Math.abs(sum / differences.length) >= observed - 1e-12 * observed) asFar += 1;
  }
  return {
    difference: meanOf(differences),
    low: Number.NaN,
    high: Number.NaN,
    pValue: differences.length === 0 ? Number.NaN : (asFar + 1) / (draws + 1),
  };
}

/**
 * Corrected resampled t test (Nadeau and Bengio 2003): folds share training rows, so that their differences vary less
 * than the models do; the variance is raised by `testShare` = test rows / training rows. k folds: 1 / (k - 1).
 * Repeated folds are given all together.
 */
export function correctedResampledTest(differences: Float64Array, testShare: number): PairedTest {
  const { mean, low, high, error, degreesOfFreedom } = correctedMean(differences, testShare);
  const pValue = error > 0 ? studentTwoSided(mean / error, degreesOfFreedom) : mean === 0 ? 1 : 0;
  return { difference: mean, low, high, pValue: differences.length < 2 ? Number.NaN : pValue };
}

/** Mean of fold values with its corrected 95 % interval; NaN ends for fewer than two folds. */
export function correctedMean(values: Float64Array, testShare: number) {
  const mean = meanOf(values);
  const degreesOfFreedom = values.length - 1;
  const error = Math.sqrt((1 / values.length + testShare) * varianceOf(values));
  const reach = degreesOfFreedom > 0 ? studentReach(0.95, degreesOfFreedom) * error : Number.NaN;
  return { mean, low: mean - reach, high: mean + reach, error, degreesOfFreedom };
}

/** Combined 5x2 F test (Alpaydın 1999): ten differences, those of each of five divisions in halves side by side. */
export function fiveByTwoTest(differences: Float64Array): PairedTest {
  if (differences.length !== 10) throw new Error("The 5x2 test takes ten differences.");
  let squares = 0;
  let variances = 0;
  for (let half = 0; half < 10; half += 2) {
    const [a, b] = [differences[half]!, differences[half + 1]!];
    squares += a * a + b * b;
    variances += ((a - b) * (a - b)) / 2;
  }
  const pValue = variances > 0 ? fisherTail(squares / (2 * variances), 10, 5) : squares > 0 ? 0 : 1;
  return { difference: meanOf(differences), low: Number.NaN, high: Number.NaN, pValue };
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** With n - 1; NaN for fewer than two. */
function varianceOf(values: Float64Array): number {
  const mean = meanOf(values);
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
