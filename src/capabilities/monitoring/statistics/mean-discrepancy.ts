import type { Random } from "../../../foundation/base/random.js";

export interface MeanDiscrepancy {
  /**
   * Maximum mean discrepancy beyond what chance alone makes of samples of these sizes: about 0 for one distribution,
   * at most 1.4.
   */
  readonly distance: number;
  readonly pValue: number;
  readonly permutations: number;
}

export interface MeanDiscrepancyOptions {
  readonly random: Random;
  /** The smallest p value is 1 / (permutations + 1). */
  readonly permutations: number;
  /** Random directions; each gives two features. Default 64. */
  readonly directions?: number;
}

/** Row-major, `rows * width`, no NaN. */
export interface Points {
  readonly values: Float64Array;
  readonly rows: number;
  readonly width: number;
}

/** Pairs from which the median distance is taken. */
const BANDWIDTH_PAIRS = 500;

/**
 * Kernel two-sample test (Gretton et al. 2012) with a Gaussian kernel of the median distance, by random Fourier
 * features (Rahimi and Recht 2007): sees changes of columns together that no column shows alone. The p value is that
 * of a permutation test and valid for any rows that may be swapped.
 */
export function meanDiscrepancy(
  first: Points,
  second: Points,
  options: MeanDiscrepancyOptions,
): MeanDiscrepancy {
  const { random, permutations, directions = 64 } = options;
  const rows = first.rows + second.rows;
  const pointOf = (row: number): Float64Array => {
    const { values, width } = row < first.rows ? first : second;
    const start = (row < first.rows ? row : row - first.rows) * width;
    return values.subarray(start, start + width);
  };
  const bandwidth = medianDistance(pointOf, rows, random.fork("bandwidth"));
  const features = fourierFeatures(pointOf, rows, first.width, {
    bandwidth,
    directions,
    random: random.fork("directions"),
  });
  const order = Int32Array.from({ length: rows }, (_, row) => row);
  const totals = columnSums(features, order, 2 * directions);
  // The totals give the sums of one sample by those of the other: a hundred new rows against thousands are soon added.
  const smaller = first.rows <= second.rows ? order.subarray(0, first.rows) : order.subarray(first.rows);
  const statistic = () => discrepancy(features, smaller, rows, totals);
  const observed = statistic();
  const shuffler = random.fork("permutations");
  let asFar = 0;
  let chance = 0;
  for (let draw = 0; draw < permutations; draw++) {
    shuffler.shuffle(order);
    const permuted = statistic();
    if (permuted >= observed * (1 - 1e-12)) asFar += 1;
    chance += permuted / permutations;
  }
  const distance = Math.sqrt(Math.max(0, observed - chance));
  return { distance, pValue: (asFar + 1) / (permutations + 1), permutations };
}

/** Of all pairs by a sample of them; 1 where most points are equal. */
function medianDistance(pointOf: (row: number) => Float64Array, rows: number, random: Random): number {
  const distances = Float64Array.from({ length: BANDWIDTH_PAIRS }, () => {
    const [a, b] = [pointOf(random.integer(rows)), pointOf(random.integer(rows))];
    return Math.sqrt(a.reduce((sum, value, k) => sum + (value - b[k]!) ** 2, 0));
  }).sort();
  return distances[BANDWIDTH_PAIRS >> 1]! || 1;
}

/** cos and sin of random projections, scaled so that products of rows approximate the kernel. */
function fourierFeatures(
  pointOf: (row: number) => Float64Array,
  rows: number,
  width: number,
  { bandwidth, directions, random }: { bandwidth: number; directions: number; random: Random },
): Float64Array {
  const frequencies = Float64Array.from({ length: directions * width }, () => random.normal() / bandwidth);
  const features = new Float64Array(rows * 2 * directions);
  const scale = Math.sqrt(1 / directions);
  for (let row = 0; row < rows; row++) {
    const point = pointOf(row);
    for (let direction = 0; direction < directions; direction++) {
      let angle = 0;
      for (let k = 0; k < width; k++) angle += point[k]! * frequencies[direction * width + k]!;
      features[(row * directions + direction) * 2] = scale * Math.cos(angle);
      features[(row * directions + direction) * 2 + 1] = scale * Math.sin(angle);
    }
  }
  return features;
}

/** Sums of the features of these rows. Four rows at a time: a sum is read and written once for all of them. */
function columnSums(features: Float64Array, rows: Int32Array, width: number): Float64Array {
  const sums = new Float64Array(width);
  let i = 0;
  for (; i + 4 <= rows.length; i += 4) {
    const [a, b, c, d] = [rows[i]! * width, rows[i + 1]! * width, rows[i + 2]! * width, rows[i + 3]! * width];
    for (let k = 0; k < width; k++)
      sums[k] = sums[k]! + features[a + k]! + features[b + k]! + features[c + k]! + features[d + k]!;
  }
  for (; i < rows.length; i++) {
    const start = rows[i]! * width;
    for (let k = 0; k < width; k++) sums[k]! += features[start + k]!;
  }
  return sums;
}

/** Squared distance of the mean features of some rows from those of all others. */
function discrepancy(features: Float64Array, some: Int32Array, rows: number, totals: Float64Array): number {
  const sums = columnSums(features, some, totals.length);
  const others = rows - some.length;
  let square = 0;
  for (let k = 0; k < totals.length; k++) {
    square += (sums[k]! / some.length - (totals[k]! - sums[k]!) / others) ** 2;
  }
  return square;
}
