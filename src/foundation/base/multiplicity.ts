/** p values of several tests made together, adjusted so that each is compared with the level of the whole. */

/**
 * Benjamini and Hochberg (1995), in the order given: among the tests that pass, at most the level are false on
 * average.
 */
export function adjustFalseDiscovery(pValues: readonly number[]): number[] {
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

/**
 * Holm (1979), in the order given: the chance that any test passes without cause is at most the level, however the
 * tests depend on one another.
 */
export function adjustFamilywise(pValues: readonly number[]): number[] {
  const order = Array.from(pValues.keys()).sort((a, b) => pValues[a]! - pValues[b]!);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let greatest = 0;
  for (const [rank, position] of order.entries()) {
    greatest = Math.max(greatest, Math.min(1, pValues[position]! * (pValues.length - rank)));
    adjusted[position] = greatest;
  }
  return adjusted;
}
