/** Lengths are multiples of this, which products of matrices like. */
const LENGTH_STEP = 8;

/**
 * Pieces of a row, so that a share of the texts is read whole.
 * @param counts pieces of each training text
 * @param most of a row
 */
export function usualLength(counts: readonly number[], share: number, most: number): number {
  const sorted = Int32Array.from(counts).sort();
  const usual = sorted.length === 0 ? 0 : sorted[Math.floor((sorted.length - 1) * share)]!;
  return Math.min(most, Math.max(1, Math.ceil(usual / LENGTH_STEP)) * LENGTH_STEP);
}
