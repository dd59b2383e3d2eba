/** Where the pieces of a text begin and end, for answers that point into it. */

/** Scripts whose characters are pieces of their own. */
const SINGLE = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}\\p{Script=Thai}";
/** One such character; a run of other letters, marks and digits; any other character but white space. */
const PIECE = new RegExp(`[${SINGLE}]|(?:(?![${SINGLE}])[\\p{L}\\p{M}\\p{N}])+|\\S`, "gu");

/** UTF-16 offsets; the end is not part of the piece. */
export interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Words, single characters of scripts without spaces, and punctuation marks, in order; white space is in none. */
export function splitWords(text: string): Piece[] {
  return Array.from(text.matchAll(PIECE), ({ index, 0: { length } }) => ({
    start: index,
    end: index + length,
  }));
}
