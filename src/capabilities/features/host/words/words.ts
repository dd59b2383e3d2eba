import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { createFrame, type TextColumn, type TokensColumn } from "../../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../../foundation/contracts/transform.js";
import { usualLength } from "../usual-length.js";
import { spansColumn, WHOLE_SHARE } from "./spans-column.js";
import { splitWords } from "./split-words.js";

const config = z.strictObject({
  vocabulary: z.number().int().min(1).max(500_000).default(30_000).register(fields, {
    title: "Vocabulary",
    help: "Words at most, the commonest.",
    unit: "words",
  }),
  minimumCount: z.number().int().min(1).default(2).register(fields, {
    title: "Least count",
    help: "Words seen less often are unknown words.",
  }),
  length: z.number().int().min(1).max(1024).default(128).register(fields, {
    title: "Length",
    help: "The rest of a longer text is dropped; less where all training texts are shorter.",
    unit: "words",
  }),
  characters: z.number().int().min(2).max(64).default(16).register(fields, {
    title: "Characters of a word",
    help: "Of a longer word its beginning and its end are read.",
  }),
});

/** A plain value. Place k of a list has the id k + 2; 0 is nothing, 1 what is not in the list. */
export interface WordsState {
  readonly words: readonly string[];
  readonly characters: readonly string[];
  readonly length: number;
  readonly wordLength: number;
}

const FIRST_ID = 2;
const UNKNOWN = 1;

/**
 * Texts to three columns: `.words` ids [N, L], `.characters` ids [N, L * W] and `.spans` [N, 2 L], first and last offset of
 * each word in UTF-16 units. Words are told apart in lower case, with all digits alike; characters as they are.
 */
export const words = defineTransform<typeof config, WordsState>({
  id: "words",
  version: 1,
  summary: "Cuts text into numbered words and characters with their places in it.",
  config,
  accepts: ["text"],
  fit(frame, { vocabulary, minimumCount, length, characters: wordLength }) {
    const counts = new Map<string, number>();
    const met = new Map<string, number>();
    const lengths: number[] = [];
    for (const text of textsOf(frame.columns.values())) {
      const pieces = splitWords(text);
      lengths.push(pieces.length);
      for (const { start, end } of pieces) {
        const word = text.slice(start, end);
        count(counts, normalized(word));
        for (const character of word.normalize("NFC")) count(met, character);
      }
    }
    return {
      words: commonest(counts, minimumCount).slice(0, vocabulary),
      characters: commonest(met, minimumCount),
      length: usualLength(lengths, WHOLE_SHARE, length),
      wordLength,
    };
  },
  apply(frame, state) {
    const { length, wordLength } = state;
    const ids = idsOf(state);
    const columns = [...frame.columns].flatMap(([name, column]): [string, TokensColumn][] => {
      const texts = (column as TextColumn).values;
      const found = new Int32Array(texts.length * length);
      const spelled = new Int32Array(texts.length * length * wordLength);
      for (const [row, text] of texts.entries()) {
        for (const [k, { start, end }] of splitWords(text).slice(0, length).entries()) {
          const word = text.slice(start, end);
          const at = row * length + k;
          found[at] = ids.words.get(normalized(word)) ?? UNKNOWN;
          for (const [place, character] of spelling(word, wordLength).entries()) {
            spelled[at * wordLength + place] = ids.characters.get(character) ?? UNKNOWN;
          }
        }
      }
      const tokens = (values: Int32Array, width: number, known: readonly string[]): TokensColumn => ({
        kind: "tokens",
        values,
        length: width,
        vocabulary: known.length + FIRST_ID,
      });
      return [
        [`${name}.words`, tokens(found, length, state.words)],
        [`${name}.characters`, tokens(spelled, length * wordLength, state.characters)],
        [`${name}.spans`, spansColumn(texts, length)],
      ];
    });
    return createFrame(columns, frame.rows);
  },
});

function* textsOf(columns: Iterable<unknown>): Iterable<string> {
  for (const column of columns) yield* (column as TextColumn).values;
}

const normalized = (word: string): string =>
  word
    .normalize("NFC")
    .toLowerCase()
    .replace(/\p{Nd}/gu, "0");

/** At most so many characters of a word: all, or its beginning and its end. */
function spelling(word: string, most: number): string[] {
  const all = Array.from(word.normalize("NFC"));
  if (all.length <= most) return all;
  const end = Math.floor(most / 2);
  return [...all.slice(0, most - end), ...all.slice(-end)];
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** The commonest first, of equally common ones in code unit order. */
function commonest(counts: ReadonlyMap<string, number>, least: number): string[] {
  return [...counts]
    .filter(([, times]) => times >= least)
    .sort(([a, first], [b, second]) => second - first || (a < b ? -1 : 1))
    .map(([key]) => key);
}

interface Ids {
  readonly words: ReadonlyMap<string, number>;
  readonly characters: ReadonlyMap<string, number>;
}

/** Numbering a vocabulary is dear; states live long. */
const numbered = new WeakMap<WordsState, Ids>();

function idsOf(state: WordsState): Ids {
  const known = numbered.get(state);
  if (known) return known;
  const number = (list: readonly string[]) => new Map(list.map((key, place) => [key, place + FIRST_ID]));
  const made = { words: number(state.words), characters: number(state.characters) };
  numbered.set(state, made);
  return made;
}
