/** Where the largest of `count` values from `start` on stands, counted from `start`; the first among equals, -1 of none. */
export function indexOfLargest(
  values: ArrayLike<number>,
  start = 0,
  count: number = values.length - start,
): number {
  if (count <= 0) return -1;
  let best = 0;
  for (let k = 1; k < count; k++) if (values[start + k]! > values[start + best]!) best = k;
  return best;
}
