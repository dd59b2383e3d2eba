/** What can be said without a model: the entities of the training texts, wherever their words occur again. */
import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { TaggingTarget } from "../../../foundation/contracts/structured.js";
import type { EntitiesAnswer, Entity } from "../../../foundation/contracts/structured-answers.js";

/** Longer names are hardly ever met again. */
const MOST_CHARACTERS = 100;
const WORD = /[\p{L}\p{N}]/u;
const UNSPACED = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u;

/**
 * The baseline of the CoNLL-2003 shared task: the longest name known from training at each place, with the label it had most
 * often there.
 */
export function dictionaryAnswers(
  { labels, rows }: TaggingTarget,
  train: readonly string[],
  texts: readonly string[],
): EntitiesAnswer[] {
  const counts = new Map<string, Float64Array>();
  for (const [row, spans] of rows.entries()) {
    for (const { start, end, label } of spans) {
      const name = train[row]!.slice(start, end);
      const known = counts.get(name) ?? new Float64Array(labels.length);
      known[label]!++;
      counts.set(name, known);
    }
  }
  const labelOf = new Map<string, string>();
  for (const [name, times] of counts) labelOf.set(name, labels[indexOfLargest(times)]!);
  const lengths = [...new Set([...labelOf.keys()].map((name) => name.length))]
    .filter((length) => length <= MOST_CHARACTERS)
    .sort((a, b) => b - a);
  return texts.map((text) => ({ entities: namesIn(text, labelOf, lengths) }));
}

function namesIn(text: string, labelOf: ReadonlyMap<string, string>, lengths: readonly number[]): Entity[] {
  const found: Entity[] = [];
  for (let start = 0; start < text.length; start++) {
    if (!isBoundary(text, start)) continue;
    const length = lengths.find(
      (size) => isBoundary(text, start + size) && labelOf.has(text.slice(start, start + size)),
    );
    if (length === undefined) continue;
    const name = text.slice(start, start + length);
    found.push({ start, end: start + length, text: name, label: labelOf.get(name)!, score: 1 });
    start += length - 1;
  }
  return found;
}

/** Whether no word is cut at the place. */
function isBoundary(text: string, at: number): boolean {
  if (at <= 0 || at >= text.length) return at === 0 || at === text.length;
  const [before, after] = [text[at - 1]!, text[at]!];
  if (!WORD.test(before) || !WORD.test(after)) return true;
  return UNSPACED.test(before) || UNSPACED.test(after);
}
