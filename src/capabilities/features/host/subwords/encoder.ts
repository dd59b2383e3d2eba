/** What reads texts by a tokenizer: the transforms of this folder, and the words of `../words`. */
import { z } from "zod";
import { QuernError } from "../../../../foundation/base/errors.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { openTokenizer, SPECIAL_PIECES, type Tokenizer, UNKNOWN_ID } from "./tokenizer-file.js";

/** Of the texts that are known, so many fit whole. */
export const WHOLE_SHARE = 0.95;

export const tokenizerField = () =>
  z.string().default("").register(fields, {
    title: "Given tokenizer",
    help: "The text of a `tokenizer.json`, used as it is; empty: one is trained.",
  });

/** How one is trained where nothing is said of it. */
export const TRAINED = { model: "wordpiece", vocabulary: 8000, minimumCount: 2, lowerCase: true } as const;

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
  /**
   * The same of several texts one behind the other, as the tokenizer lays pairs; of too long ones the longest are cut first.
   * @throws QuernError CONFIG_INVALID where the tokenizer has nothing to put between them
   */
  join(texts: readonly string[], length?: number): number[];
  /** Id of the first special piece between two texts, which no text spells then. @throws QuernError as `join` */
  readonly separator: number;
}

/** Opening a tokenizer is dear; states live long. */
const opened = new WeakMap<object, Encoder>();

/** @param state holds the text of a `tokenizer.json` */
export function encoderOf(state: { readonly tokenizer: string }): Encoder {
  const known = opened.get(state) ?? createEncoder(state.tokenizer);
  opened.set(state, known);
  return known;
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
  const between = () => {
    known ??= betweenTexts(tokenizer, before.length, after.length).map(idOf);
    return known;
  };
  let known: readonly number[] | undefined;
  const pieces = (text: string) => tokenizer.encode(text, { add_special_tokens: false }).ids.map(inner);
  return {
    vocabulary: 1 + largestId(tokenizer, padding),
    padding,
    head,
    tail,
    pieces,
    get separator() {
      return between()[0]!;
    },
    join(texts, length = Number.POSITIVE_INFINITY) {
      const middle = between();
      const all = texts.map((text) => pieces(text).map((id) => (id === middle[0] ? idOf(unknown) : id)));
      const room = length - reserved - middle.length * (texts.length - 1);
      const most = mostEach(
        all.map((ids) => ids.length),
        room,
      );
      const joined = all.flatMap((ids, k) => [...(k > 0 ? middle : []), ...ids.slice(0, most[k])]);
      return [...head, ...joined, ...tail].slice(0, length);
    },
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

/**
 * Numbers of pieces that are kept: the longest are cut first, to lengths that differ by at most one, as Hugging Face's
 * `longest_first` does.
 */
function mostEach(counts: readonly number[], room: number): number[] {
  const kept = counts.map(() => 0);
  let left = Math.max(0, room);
  let open = [...counts.keys()].sort((a, b) => counts[b]! - counts[a]! || b - a);
  while (left > 0 && open.length > 0) {
    const share = Math.max(1, Math.floor(left / open.length));
    for (const k of open) {
      const more = Math.min(share, counts[k]! - kept[k]!, left);
      kept[k]! += more;
      left -= more;
    }
    open = open.filter((k) => kept[k]! < counts[k]!);
  }
  return kept;
}

const SEPARATOR_NAMES = ["[SEP]", "</s>", "<|endoftext|>"];

/** Own ids of what the tokenizer puts between two texts; one without a template for pairs: its separator. */
function betweenTexts(tokenizer: Tokenizer, before: number, after: number): number[] {
  const probe = "a";
  const inner = tokenizer.encode(probe, { add_special_tokens: false }).ids.length;
  const pair = tokenizer.encode(probe, { text_pair: probe }).ids;
  const between = pair.slice(before + inner, pair.length - inner - after);
  if (between.length > 0) return between;
  const named = SEPARATOR_NAMES.map((name) => tokenizer.token_to_id(name)).find((id) => id !== undefined);
  if (named !== undefined) return [named];
  throw new QuernError("CONFIG_INVALID", "The tokenizer has nothing to put between two texts.", {
    hint: "Use a tokenizer with a template for pairs, or with a piece [SEP] or </s>.",
  });
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
