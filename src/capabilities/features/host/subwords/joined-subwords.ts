import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { createFrame, type Frame, type TextColumn } from "../../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../../foundation/contracts/transform.js";
import { usualLength } from "../usual-length.js";
import { createEncoder, encoderOf, TRAINED, tokenizerField, WHOLE_SHARE } from "./encoder.js";
import { trainTokenizer } from "./train-tokenizer.js";

const config = z.strictObject({
  length: z.number().int().min(8).max(8192).default(256).register(fields, {
    title: "Length",
    help: "Of all texts of a row together; of longer ones the longest are cut first.",
    unit: "pieces",
  }),
  tokenizer: tokenizerField(),
});

/** A plain value. */
export interface JoinedSubwordsState {
  /** The text of a `tokenizer.json`. */
  readonly tokenizer: string;
  readonly length: number;
}

/**
 * The texts of all columns as one, as the tokenizer lays pairs: `[CLS] first [SEP] second [SEP]` (Devlin et al., 2019). Runs
 * before the graph.
 * @throws QuernError CONFIG_INVALID from `fit` when the given tokenizer cannot be used, or has nothing to put between two texts
 */
export const joinedSubwords = defineTransform<typeof config, JoinedSubwordsState>({
  id: "joined-subwords",
  version: 1,
  summary: "Cuts the texts of several columns into numbered pieces of words, one text behind the other.",
  config,
  accepts: ["text"],
  fit(frame, { length: most, tokenizer: given }) {
    const columns = textsOf(frame);
    const tokenizer = given === "" ? trainTokenizer(columns.flat(), TRAINED) : given;
    const encoder = createEncoder(tokenizer);
    const counts = rowsOf(columns, frame.rows).map((texts) => encoder.join(texts).length);
    return { tokenizer, length: usualLength(counts, WHOLE_SHARE, most) };
  },
  apply(frame, state) {
    const { length } = state;
    const encoder = encoderOf(state);
    const texts = rowsOf(textsOf(frame), frame.rows);
    const encode = (given: readonly string[], most: number) => encoder.join(given, most);
    const values = new Int32Array(frame.rows * length);
    for (const [row, given] of texts.entries()) values.set(encode(given, length), row * length);
    const name = [...frame.columns.keys()].join(" + ");
    const { vocabulary, separator } = encoder;
    const source = { texts, encode };
    return createFrame(
      [[name, { kind: "tokens", values, length, vocabulary, separator, source }]],
      frame.rows,
    );
  },
});

const textsOf = (frame: Frame): (readonly string[])[] =>
  [...frame.columns.values()].map((column) => (column as TextColumn).values);

const rowsOf = (columns: readonly (readonly string[])[], rows: number): string[][] =>
  Array.from({ length: rows }, (_, row) => columns.map((values) => values[row]!));
