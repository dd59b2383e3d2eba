/** Adjusted p values of Benjamini and Hochberg (1995), in the order given. */
export function adjust(pValues: readonly number[]): number[] {
  const order = Array.from(pValues.keys()).sort((a, b) => pValues[b]! - pValues[a]!);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let least = 1;
  for (const [index, position] of order.entries()) {
    const rank = pValues.length - index;
    least = Math.min(least, (pValues[position]! * pValues.length) / rank);
    adjusted[position] = least;
  }
  return adjusted;
}
