import { finiteOrder } from "../../../foundation/base/ascending-order.js";
import { gather } from "../../../foundation/base/gather.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";

/** Makes the median absolute deviation of a normal sample its standard deviation. */
const NORMAL_MAD = 1.4826;
/** From the 5th to the 95th percentile of a normal distribution, in standard deviations. */
const NORMAL_SPAN = 3.2897;
/** A far value is separated from the rest by a gap of so many deviations; a long tail has no such gap. */
const GAP = 2;

/**
 * Positions of values that lie alone, far from the median: beyond `limit` robust standard deviations (the
 * larger of those from the median absolute deviation and from the middle nine tenths), and across a gap from
 * the rest. Where no value is negative, also beyond half the limit on a logarithmic scale. Ascending by value.
 */
export function farValues(values: Float64Array, limit = 12): number[] {
  const order = finiteOrder(values);
  if (order.length < 20) return [];
  const sorted = gather(values, order);
  const median = quantileOfSorted(sorted, 0.5);
  const spread = robustDeviation(sorted, median);
  if (!(spread > 0)) return [];
  const logarithmic = sorted[0]! >= 0 && median > 0 ? logDistance(sorted, median) : undefined;
  const isFar = (value: number): boolean =>
    Math.abs(value - median) > limit * spread &&
    (logarithmic?.(value) ?? Number.POSITIVE_INFINITY) > limit / 2;
  let top = sorted.length;
  for (let i = sorted.length - 1; i > 0 && isFar(sorted[i]!); i--) {
    if (sorted[i]! - sorted[i - 1]! >= GAP * spread) top = i;
  }
  let bottom = 0;
  for (let i = 0; i < sorted.length - 1 && isFar(sorted[i]!); i++) {
    if (sorted[i + 1]! - sorted[i]! >= GAP * spread) bottom = i + 1;
  }
  return [...order.subarray(0, bottom), ...order.subarray(top)];
}

function robustDeviation(sorted: Float64Array, median: number): number {
  const deviation = NORMAL_MAD * medianDistance(sorted, median);
  const span = (quantileOfSorted(sorted, 0.95) - quantileOfSorted(sorted, 0.05)) / NORMAL_SPAN;
  return deviation > 0 ? Math.max(deviation, span) : 0;
}

/** The median of the distances from a value, which are met in order on the way outwards from it. */
function medianDistance(sorted: Float64Array, from: number): number {
  let earlier = 0;
  let distance = 0;
  let above = sorted.findIndex((value) => value >= from);
  if (above < 0) above = sorted.length;
  let below = above - 1;
  for (let i = 0; i <= sorted.length >> 1; i++) {
    earlier = distance;
    const down = below < 0 ? Number.POSITIVE_INFINITY : from - sorted[below]!;
    const up = above < sorted.length ? sorted[above]! - from : Number.POSITIVE_INFINITY;
    distance = Math.min(down, up);
    if (down < up) below--;
    else above++;
  }
  return sorted.length % 2 === 1 ? distance : earlier + (distance - earlier) / 2;
}

/** Distance in robust deviations of log(1 + value / median). */
function logDistance(sorted: Float64Array, median: number): (value: number) => number {
  const scale = (value: number): number => Math.log1p(value / median);
  const spread = robustDeviation(sorted.map(scale), Math.LN2);
  return (value) => (spread > 0 ? Math.abs(scale(value) - Math.LN2) / spread : Number.POSITIVE_INFINITY);
}
