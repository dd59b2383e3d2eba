import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { createFrame, type TextColumn, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../../foundation/contracts/transform.js";
import { createEncoder, type Encoder, encoderOf, TRAINED, tokenizerField } from "../subwords/encoder.js";
import { trainTokenizer } from "../subwords/train-tokenizer.js";
import { usualLength } from "../usual-length.js";
import { spansColumn, WHOLE_SHARE } from "./spans-column.js";
import { splitWords } from "./split-words.js";

const config = z.strictObject({
  length: z.number().int().min(8).max(4096).default(128).register(fields, {
    title: "Length",
    help: "Pieces of words, with what the tokenizer puts around a text; the rest of a longer text is dropped.",
    unit: "pieces",
  }),
  tokenizer: tokenizerField(),
});

/** A plain value. */
export interface WordSubwordsState {
  /** The text of a `tokenizer.json`. */
  readonly tokenizer: string;
  /** Pieces of a text. */
  readonly length: number;
  /** Words of a text. */
  readonly words: number;
}

/**
 * Texts to three columns: `.subwords` ids [N, S], `.firsts` [N, L], the place of each word's first piece among them, and
 * `.spans` [N, 2 L], first and last offset of each word in UTF-16 units. A word without a piece, or behind the length, is none.
 */
export const wordSubwords = defineTransform<typeof config, WordSubwordsState>({
  id: "word-subwords",
  version: 1,
  summary: "Cuts text into numbered pieces of words, by a tokenizer, with the words' places in it.",
  config,
  accepts: ["text"],
  fit(frame, { length: most, tokenizer: given }) {
    const texts = [...frame.columns.values()].flatMap((column) => (column as TextColumn).values);
    const tokenizer = given === "" ? trainTokenizer(texts, TRAINED) : given;
    const encoder = createEncoder(tokenizer);
    const cut = texts.map((text) => cutText(text, encoder, most));
    return {
      tokenizer,
      length: usualLength(
        cut.map(({ ids }) => ids.length),
        WHOLE_SHARE,
        most,
      ),
      words: usualLength(
        cut.map(({ firsts }) => firsts.length),
        WHOLE_SHARE,
        most,
      ),
    };
  },
  apply(frame, state) {
    const { length, words } = state;
    const encoder = encoderOf(state);
    const columns = [...frame.columns].flatMap(([name, column]): [string, TokensColumn][] => {
      const texts = (column as TextColumn).values;
      const ids = new Int32Array(texts.length * length);
      const firsts = new Int32Array(texts.length * words);
      const spans = new Int32Array(texts.length * 2 * words);
      for (const [row, text] of texts.entries()) {
        const cut = cutText(text, encoder, length);
        ids.set(cut.ids, row * length);
        for (const [k, { place, start, end }] of cut.firsts.slice(0, words).entries()) {
          firsts[row * words + k] = place;
          spans.set([start, end], 2 * (row * words + k));
        }
      }
      const tokens = (values: Int32Array, width: number, vocabulary: number): TokensColumn => {
        return { kind: "tokens", values, length: width, vocabulary };
      };
      return [
        [`${name}.subwords`, tokens(ids, length, encoder.vocabulary)],
        [`${name}.firsts`, tokens(firsts, words, length)],
        [`${name}.spans`, { ...spansColumn([], words), values: spans }],
      ];
    });
    return createFrame(columns, frame.rows);
  },
});

interface CutText {
  readonly ids: readonly number[];
  readonly firsts: readonly { readonly place: number; readonly start: number; readonly end: number }[];
}

/** Word by word, so that every piece belongs to one; a space before a word is given with it, as some pieces begin with one. */
function cutText(text: string, { head, tail, pieces }: Encoder, length: number): CutText {
  const ids = [...head];
  const firsts: { place: number; start: number; end: number }[] = [];
  for (const { start, end } of splitWords(text)) {
    const isApart = start > 0 && /\s/u.test(text[start - 1]!);
    const own = pieces((isApart ? " " : "") + text.slice(start, end));
    if (own.length === 0) continue;
    if (ids.length + own.length + tail.length > length) break;
    firsts.push({ place: ids.length, start, end });
    ids.push(...own);
  }
  return { ids: [...ids, ...tail].slice(0, length), firsts };
}
