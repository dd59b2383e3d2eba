import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { createFrame, type TextColumn, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../../foundation/contracts/transform.js";
import { usualLength } from "../usual-length.js";
import { createEncoder, encoderOf, tokenizerField, WHOLE_SHARE } from "./encoder.js";
import { trainTokenizer } from "./train-tokenizer.js";

const config = z.strictObject({
  model: z.enum(["wordpiece", "bpe", "unigram"]).default("wordpiece").register(fields, {
    title: "Model",
    help: "`wordpiece`: the longest known pieces, Chinese by characters; `bpe`: pairs of bytes joined; `unigram`: the likeliest pieces.",
  }),
  vocabulary: z.number().int().min(300).max(250_000).default(8000).register(fields, {
    title: "Vocabulary",
    help: "Pieces at most.",
    unit: "pieces",
  }),
  minimumCount: z.number().int().min(1).default(2).register(fields, {
    title: "Least count",
    help: "Pieces seen less often are not learnt.",
  }),
  lowerCase: z.boolean().default(true).register(fields, { title: "Lower case" }),
  length: z.number().int().min(1).max(8192).default(256).register(fields, {
    title: "Length",
    help: "The rest of a longer text is dropped; less where nearly all training texts are shorter.",
    unit: "pieces",
  }),
  tokenizer: tokenizerField(),
});

/** A plain value. */
export interface SubwordsState {
  /** The text of a `tokenizer.json`. */
  readonly tokenizer: string;
  readonly length: number;
  /** Ids are below this. */
  readonly vocabulary: number;
  /** The tokenizer's own id of padding; it and 0 change places, since padding is 0 in all tokens. */
  readonly padding: number;
}

/**
 * Texts to ids of pieces of words (Schuster and Nakajima, 2012; Sennrich et al., 2016; Kudo, 2018), by a tokenizer
 * trained on the texts or given. Runs before the graph.
 * @throws QuernError CONFIG_INVALID from `fit` when the given tokenizer cannot be used
 */
export const subwords = defineTransform<typeof config, SubwordsState>({
  id: "subwords",
  version: 1,
  summary: "Cuts text into numbered pieces of words, by a tokenizer trained on it or given.",
  config,
  accepts: ["text"],
  fit(frame, settings) {
    const texts = [...frame.columns.values()].flatMap((column) => (column as TextColumn).values);
    const file = settings.tokenizer === "" ? trainTokenizer(texts, settings) : settings.tokenizer;
    const encoder = createEncoder(file);
    const counts = texts.map((text) => encoder.encode(text).length);
    const length = usualLength(counts, WHOLE_SHARE, settings.length);
    return { tokenizer: file, length, vocabulary: encoder.vocabulary, padding: encoder.padding };
  },
  apply(frame, state) {
    const { length, vocabulary } = state;
    const encoder = encoderOf(state);
    const columns = [...frame.columns].map(([name, column]): [string, TokensColumn] => {
      const values = new Int32Array(frame.rows * length);
      for (const [row, text] of (column as TextColumn).values.entries()) {
        values.set(encoder.encode(text, length), row * length);
      }
      const source = {
        texts: (column as TextColumn).values.map((text) => [text]),
        encode: ([text]: readonly string[], most: number) => encoder.encode(text!, most),
      };
      return [name, { kind: "tokens", values, length, vocabulary, source }];
    });
    return createFrame(columns, frame.rows);
  },
});

/** What `fit` gives for a tokenizer that is given, and a length that is wanted whatever the texts are. */
export function givenSubwords(tokenizer: string, length: number): SubwordsState {
  const { vocabulary, padding } = createEncoder(tokenizer);
  return { tokenizer, length, vocabulary, padding };
}
