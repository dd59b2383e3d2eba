/** How far apart two samples are; sizes of effects, to be read beside a test. */

/** Shares below this count as this much where a logarithm is taken, so that an empty bin is not infinitely far. */
const SMALLEST_SHARE = 1e-4;

/** Half of the summed differences of two distributions over the same categories: the share of rows that moved, 0..1. */
export function totalVariation(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [p, q] = [sharesOf(first), sharesOf(second)];
  return p.reduce((sum, share, k) => sum + Math.abs(share - q[k]!), 0) / 2;
}

/** Square root of the Jensen-Shannon divergence to base 2 (Endres and Schindelin 2003), 0..1. */
export function jensenShannonDistance(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [p, q] = [sharesOf(first), sharesOf(second)];
  const part = (share: number, middle: number): number => (share > 0 ? share * Math.log2(share / middle) : 0);
  const divergence = p.reduce((sum, share, k) => {
    const middle = (share + q[k]!) / 2;
    return sum + (part(share, middle) + part(q[k]!, middle)) / 2;
  }, 0);
  return Math.sqrt(Math.max(0, divergence));
}

/**
 * Population stability index: sum of (q - p) ln(q / p). Without any drift it is about (bins - 1)(1/n + 1/m), so it
 * means nothing without the sizes of the samples.
 */
export function populationStability(first: ArrayLike<number>, second: ArrayLike<number>): number {
  const [p, q] = [sharesOf(first), sharesOf(second)];
  return p.reduce((sum, share, k) => {
    const [left, right] = [Math.max(share, SMALLEST_SHARE), Math.max(q[k]!, SMALLEST_SHARE)];
    return sum + (right - left) * Math.log(right / left);
  }, 0);
}

/** First Wasserstein distance: the area between the empirical distributions, in the unit of the values. Ascending. */
export function wassersteinDistance(first: Float64Array, second: Float64Array): number {
  let [i, j] = [0, 0];
  let area = 0;
  let at = Math.min(first[0]!, second[0]!);
  while (i < first.length || j < second.length) {
    const next = Math.min(first[i] ?? Number.POSITIVE_INFINITY, second[j] ?? Number.POSITIVE_INFINITY);
    area += (next - at) * Math.abs(i / first.length - j / second.length);
    while (i < first.length && first[i] === next) i++;
    while (j < second.length && second[j] === next) j++;
    at = next;
  }
  return area;
}

/** Counts of values in the bins between `edges` (ascending, right ends included), one more than there are edges. */
export function binCounts(sorted: Float64Array, edges: readonly number[]): number[] {
  const counts = new Array<number>(edges.length + 1).fill(0);
  let bin = 0;
  for (const value of sorted) {
    while (bin < edges.length && value > edges[bin]!) bin++;
    counts[bin]! += 1;
  }
  return counts;
}

function sharesOf(counts: ArrayLike<number>): number[] {
  const list = Array.from(counts);
  const total = list.reduce((sum, count) => sum + count, 0);
  return list.map((count) => (total > 0 ? count / total : 0));
}
