import { ascendingOrder } from "./ascending-order.js";

/**
 * Average ranks, 1-based: equal values share the mean of their positions (SciPy's `rankdata`). No NaN.
 * @param order positions by ascending value, where it is known; values that it leaves out have no rank: NaN
 */
export function averageRanks(
  values: ArrayLike<number>,
  order: Uint32Array = ascendingOrder(Float64Array.from(values)),
): Float64Array {
  const ranks = new Float64Array(values.length);
  if (order.length < values.length) ranks.fill(Number.NaN);
  for (let start = 0; start < order.length; ) {
    const value = values[order[start]!];
    let end = start + 1;
    while (end < order.length && values[order[end]!] === value) end++;
    for (let i = start; i < end; i++) ranks[order[i]!] = (start + 1 + end) / 2;
    start = end;
  }
  return ranks;
}
