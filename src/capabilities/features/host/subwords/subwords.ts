import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { createFrame, type TextColumn, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../../foundation/contracts/transform.js";
import { usualLength } from "../usual-length.js";
import { openTokenizer, SPECIAL_PIECES, type Tokenizer, UNKNOWN_ID } from "./tokenizer-file.js";
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
  tokenizer: z.string().default("").register(fields, {
    title: "Given tokenizer",
    help: "The text of a `tokenizer.json`, used as it is; empty: one is trained.",
  }),
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

/** Of the training texts, so many fit whole. */
const WHOLE_SHARE = 0.95;

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
        texts: (column as TextColumn).values,
        encode: (text: string, most: number) => encoder.encode(text, most),
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

export interface Encoder {
  readonly vocabulary: number;
  readonly padding: number;
  /** Ids of what stands before and behind each text. */
  readonly head: readonly number[];
  readonly tail: readonly number[];
  /** Ids of the pieces alone. */
  pieces(text: string): number[];
  /** Ids of the pieces, at most `length`; special ones around them stay. */
  encode(text: string, length?: number): number[];
}

/** Opening a tokenizer is dear; states live long. */
const opened = new WeakMap<SubwordsState, Encoder>();

function encoderOf(state: SubwordsState): Encoder {
  const known = opened.get(state);
  if (known) return known;
  const made = createEncoder(state.tokenizer);
  opened.set(state, made);
  return made;
}

/** @throws QuernError CONFIG_INVALID when the text is no `tokenizer.json` that is understood */
export function createEncoder(file: string): Encoder {
  const tokenizer = openTokenizer(file);
  const [before, after] = around(tokenizer);
  const padding = paddingOf(tokenizer);
  const idOf = (id: number) => (id === padding ? 0 : id === 0 ? padding : id);
  const unknown = tokenizer.model?.unk_token_id ?? UNKNOWN_ID;
  const reserved = before.length + after.length;
  // A piece that a text spells like padding would be skipped.
  const inner = (id: number) => idOf(id === padding ? unknown : id);
  const [head, tail] = [before.map(idOf), after.map(idOf)];
  return {
    vocabulary: 1 + largestId(tokenizer, padding),
    padding,
    head,
    tail,
    pieces: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids.map(inner),
    encode(text, length = Number.POSITIVE_INFINITY) {
      const { ids } = tokenizer.encode(text, { add_special_tokens: false });
      const kept = ids.slice(0, Math.max(0, length - reserved)).map(inner);
      return [...head, ...kept, ...tail].slice(0, length);
    },
  };
}

/** Ids of what the tokenizer puts before and after each text. */
function around(tokenizer: Tokenizer): [number[], number[]] {
  const probe = "a";
  const inner = tokenizer.encode(probe, { add_special_tokens: false }).ids;
  const whole = tokenizer.encode(probe).ids;
  const rest = whole.length - inner.length;
  for (let start = 0; start <= rest; start++) {
    if (inner.every((id, k) => whole[start + k] === id)) {
      return [whole.slice(0, start), whole.slice(start + inner.length)];
    }
  }
  return [[], []];
}

const PADDING_NAMES = [SPECIAL_PIECES[0], "<pad>", "<|padding|>"];

/** The id of padding; where there is none, one above all others. */
function paddingOf(tokenizer: Tokenizer): number {
  for (const name of PADDING_NAMES) {
    const id = tokenizer.token_to_id(name);
    if (id !== undefined) return id;
  }
  return 1 + largestId(tokenizer, 0);
}

function largestId(tokenizer: Tokenizer, least: number): number {
  let largest = least;
  for (const id of tokenizer.get_vocab(true).values()) if (id > largest) largest = id;
  return largest;
}
