import type { TokensColumn } from "../../../../foundation/contracts/frame.js";
import { splitWords } from "./split-words.js";

/** Of the training texts, so many are to be read whole: what is cut off is never tagged. */
export const WHOLE_SHARE = 0.99;
const LARGEST_OFFSET = 2 ** 31 - 1;

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
