/** Changes of texts that keep their meaning: one function of a text, settings and random numbers. */
import type { Random } from "../../../../foundation/base/random.js";
import { neighbouringKey } from "./keyboard.js";

/** Shares, each of 0 to 1. */
export interface TextChanges {
  readonly synonyms: number;
  readonly swaps: number;
  readonly deletions: number;
  readonly typos: number;
  readonly rewrites: number;
}

/** What words, and whole texts, may become. */
export interface TextKnowledge {
  /** Others of one meaning, by a word in lower case. */
  readonly synonyms: ReadonlyMap<string, readonly string[]>;
  /** Longest of the words, in characters: Chinese is looked up character by character. */
  readonly longest: number;
  /** By `rewritingKey` of the text. */
  readonly rewrites: ReadonlyMap<string, readonly string[]>;
}

const HAN = /\p{Script=Han}/u;
/** A Han character is a unit of its own; other scripts have words and what stands between. */
const UNITS = /\p{Script=Han}|[\p{L}\p{M}\p{N}_'’]+|[^\p{L}\p{M}\p{N}_'’]+/gu;
const WORD = /^[\p{L}\p{M}\p{N}_'’]/u;

const oneOf = <T>(random: Random, from: readonly T[]): T => from[random.integer(from.length)]!;

/** How a text is found among the rewritten ones: other spaces or another form of the same characters do not hide it. */
export const rewritingKey = (text: string): string => text.normalize("NFC").replace(/\s+/g, " ").trim();

/** The same seed changes a text in the same way. A text is never emptied. */
export function changeText(
  text: string,
  changes: TextChanges,
  knowledge: TextKnowledge,
  random: Random,
): string {
  const rewritten = changes.rewrites > 0 ? knowledge.rewrites.get(rewritingKey(text)) : undefined;
  const isRewritten = rewritten !== undefined && random.uniform() < changes.rewrites;
  let units: string[] = (isRewritten ? oneOf(random, rewritten) : text).match(UNITS) ?? [];
  if (changes.synonyms > 0) units = withSynonyms(units, changes.synonyms, knowledge, random);
  if (changes.swaps > 0) swap(units, changes.swaps, random);
  if (changes.deletions > 0) units = withoutSome(units, changes.deletions, random);
  if (changes.typos > 0) mistype(units, changes.typos, random);
  return units.join("");
}

const isWord = (unit: string): boolean => WORD.test(unit);
const isHan = (unit: string): boolean => HAN.test(unit);

/** The longest run of units that is a known word stands for one. */
function withSynonyms(
  units: readonly string[],
  share: number,
  { synonyms, longest }: TextKnowledge,
  random: Random,
): string[] {
  const changed: string[] = [];
  for (let at = 0; at < units.length; ) {
    const { others, next } = knownWord(units, at, synonyms, longest);
    const whole = units.slice(at, next).join("");
    changed.push(others && random.uniform() < share ? cased(oneOf(random, others), whole) : whole);
    at = next;
  }
  // Han words that took others' places are characters again.
  return changed.join("").match(UNITS) ?? [];
}

function knownWord(
  units: readonly string[],
  at: number,
  synonyms: TextKnowledge["synonyms"],
  longest: number,
): { others: readonly string[] | undefined; next: number } {
  for (let next = Math.min(units.length, at + longest); next > at; next--) {
    const others = synonyms.get(units.slice(at, next).join("").toLowerCase());
    if (others) return { others, next };
  }
  return { others: undefined, next: at + 1 };
}

/** Begins with a capital where the word did. */
function cased(word: string, like: string): string {
  const [first = ""] = like;
  const isCapital = first !== first.toLowerCase();
  return isCapital ? word.charAt(0).toUpperCase() + word.slice(1) : word;
}

/** Words with any other word; Han characters with the next one, which readers hardly notice. */
function swap(units: string[], share: number, random: Random): void {
  const words = Array.from(units.keys()).filter((at) => isWord(units[at]!) && !isHan(units[at]!));
  for (const [at, unit] of units.entries()) {
    if (!isWord(unit) || random.uniform() >= share) continue;
    const other = isHan(unit) ? at + 1 : oneOf(random, words);
    const isPossible = isHan(unit) ? other < units.length && isHan(units[other]!) : words.length > 1;
    if (isPossible) [units[at], units[other]] = [units[other]!, units[at]!];
  }
}

/** At least one word stays. */
function withoutSome(units: string[], share: number, random: Random): string[] {
  const words = Array.from(units.keys()).filter((at) => isWord(units[at]!));
  const dropped = new Set(words.filter(() => random.uniform() < share));
  if (words.length > 0 && dropped.size === words.length) dropped.delete(oneOf(random, words));
  return units.filter((_, at) => !dropped.has(at));
}

function mistype(units: string[], share: number, random: Random): void {
  for (const [at, unit] of units.entries()) {
    if (!isWord(unit) || random.uniform() >= share) continue;
    if (!isHan(unit)) units[at] = mistyped(unit, random);
    else if (at + 1 < units.length && isHan(units[at + 1]!))
      [units[at], units[at + 1]] = [units[at + 1]!, unit];
  }
}

/** One error in a word of two characters or more. */
function mistyped(word: string, random: Random): string {
  const letters = Array.from(word);
  if (letters.length < 2) return word;
  const at = random.integer(letters.length);
  const letter = letters[at]!;
  switch (random.integer(4)) {
    case 0:
      letters.splice(at, 0, letter);
      break;
    case 1:
      letters.splice(at, 1);
      break;
    case 2:
      letters[at] = neighbouringKey(letter, random);
      break;
    default: {
      const first = Math.min(at, letters.length - 2);
      letters.splice(first, 2, letters[first + 1]!, letters[first]!);
    }
  }
  return letters.join("");
}
