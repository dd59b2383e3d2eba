import type { TokensColumn } from "../../../../foundation/contracts/frame.js";
import { splitWords } from "./split-words.js";

/** Of the training texts, so many fit whole. */
const WHOLE_SHARE = 0.99;
/** Lengths are multiples of this, which products of matrices like. */
const LENGTH_STEP = 8;
const LARGEST_OFFSET = 2 ** 31 - 1;

/** Pieces of a row, so that nearly all training texts are read whole. */
export function lengthFor(counts: readonly number[], most: number): number {
  const sorted = Int32Array.from(counts).sort();
  const usual = sorted.length === 0 ? 0 : sorted[Math.floor((sorted.length - 1) * WHOLE_SHARE)]!;
  return Math.min(most, Math.max(1, Math.ceil(usual / LENGTH_STEP)) * LENGTH_STEP);
}

/** First and last offset of the first pieces of each text, [N, 2 length]; 0, 0 where there is none. */
export function spansColumn(texts: readonly string[], length: number): TokensColumn {
  const values = new Int32Array(texts.length * 2 * length);
  for (const [row, text] of texts.entries()) {
    for (const [k, { start, end }] of splitWords(text).slice(0, length).entries()) {
      values.set([start, end], 2 * (row * length + k));
    }
  }
  return { kind: "tokens", values, length: 2 * length, vocabulary: LARGEST_OFFSET };
}
