/** Statistics that several capabilities share. */
import { ascendingOrder } from "./ascending-order.js";

/** Weighted mean of `term(row)`; NaN for no weight. Compensated (Neumaier), so that row order hardly matters. */
export function weightedMean(
  rows: number,
  weights: Float64Array | undefined,
  term: (row: number) => number,
): number {
  let sum = 0;
  let lost = 0;
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row]! : 1;
    if (weight === 0) continue;
    const value = weight * term(row);
    const next = sum + value;
    lost += Math.abs(sum) >= Math.abs(value) ? sum - next + value : value - next + sum;
    sum = next;
    total += weight;
  }
  const mean = sum / total;
  return total > 0 ? (Number.isFinite(mean) ? (sum + lost) / total : mean) : Number.NaN;
}

/** The value below which half of the weight lies; the mean of two where it falls between them. */
export function weightedMedian(values: Float64Array, weights?: Float64Array): number {
  const order = ascendingOrder(values);
  let total = 0;
  for (let row = 0; row < values.length; row++) total += weights ? weights[row]! : 1;
  let below = 0;
  for (let i = 0; i < order.length; i++) {
    below += weights ? weights[order[i]!]! : 1;
    // Sums of weights are rounded; a half that is reached up to rounding is reached.
    if (Math.abs(below - total / 2) <= 1e-12 * total) {
      const next = order.subarray(i + 1).find((row) => !weights || weights[row]! > 0);
      return next === undefined ? values[order[i]!]! : (values[order[i]!]! + values[next]!) / 2;
    }
    if (below > total / 2) return values[order[i]!]!;
  }
  return Number.NaN;
}

/** Linear between neighbours (type 7 of Hyndman and Fan, 1996). `sorted` ascending; `share` in 0..1; NaN of nothing. */
export function quantileOfSorted(sorted: ArrayLike<number>, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const position = share * (sorted.length - 1);
  const index = Math.floor(position);
  const low = sorted[index]!;
  const high = sorted[Math.min(sorted.length - 1, index + 1)]!;
  // Without the test two equal infinities, or one at a distance of 0, would give NaN.
  return low === high || position === index ? low : low + (position - index) * (high - low);
}
