import type { ColumnBins } from "../../../engines/kernels/binned-columns.js";
import { MISSING_LEFT, setWords } from "./tree-ensemble.js";

/**
 * From a kernel's set of bins (8 words of 32 bits) to a set of category codes. Codes without a bin of their own
 * go where missing values go.
 */
export function codeSet(
  binSet: Uint32Array,
  flags: number,
  { codeBins, valueBins }: ColumnBins,
): Uint32Array {
  const words = new Uint32Array(setWords(codeBins.length));
  for (const [code, bin] of codeBins.entries()) {
    const own = ((binSet[bin >>> 5]! >>> (bin & 31)) & 1) === 1;
    const left = bin === valueBins ? (flags & MISSING_LEFT) !== 0 : own;
    if (left) words[code >>> 5]! |= 1 << (code & 31);
  }
  return words;
}
