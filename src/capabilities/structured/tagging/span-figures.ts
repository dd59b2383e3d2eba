/** Precision, recall and F1 of entities, as conlleval and seqeval count them: an entity is right where both ends and its label are. */
import type { TextSpan } from "../../../foundation/contracts/structured.js";
import type { Entity } from "../../../foundation/contracts/structured-answers.js";
import type { Figures } from "../evaluation.js";

/** Of one text, by label: entities that are right, that were answered, and that are there. */
export interface SpanCounts {
  readonly right: Float64Array;
  readonly said: Float64Array;
  readonly known: Float64Array;
}

/** Answers with a label that is not known here count for none of the labels but as wrong: in the last place. */
export function countSpans(
  truth: readonly TextSpan[],
  answers: readonly Pick<Entity, "start" | "end" | "label">[],
  labels: readonly string[],
): SpanCounts {
  const size = labels.length + 1;
  const counts = {
    right: new Float64Array(size),
    said: new Float64Array(size),
    known: new Float64Array(size),
  };
  const there = new Set<string>();
  for (const { start, end, label } of truth) {
    counts.known[label]!++;
    there.add(`${start}/${end}/${label}`);
  }
  for (const { start, end, label } of answers) {
    const found = labels.indexOf(label);
    const code = found < 0 ? labels.length : found;
    counts.said[code]!++;
    if (there.has(`${start}/${end}/${code}`)) counts.right[code]!++;
  }
  return counts;
}

export function sumCounts(counts: readonly SpanCounts[], weights: Float64Array, labels: number): SpanCounts {
  const sums = {
    right: new Float64Array(labels + 1),
    said: new Float64Array(labels + 1),
    known: new Float64Array(labels + 1),
  };
  for (const [row, one] of counts.entries()) {
    const weight = weights[row]!;
    if (weight === 0) continue;
    for (let k = 0; k <= labels; k++) {
      sums.right[k]! += weight * one.right[k]!;
      sums.said[k]! += weight * one.said[k]!;
      sums.known[k]! += weight * one.known[k]!;
    }
  }
  return sums;
}

/**
 * Micro averages, the plain mean of the labels' F1 over labels that are there or were answered, and the share of texts with
 * neither a missed nor a wrong entity. A figure with nothing to divide by is 0, as in seqeval.
 */
export function spanFigures(counts: readonly SpanCounts[], weights: Float64Array, labels: number): Figures {
  const { right, said, known } = sumCounts(counts, weights, labels);
  const total = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0);
  const [rights, saids, knowns] = [total(right), total(said), total(known)];
  const f1s = Array.from(known.keys())
    .filter((k) => known[k]! + said[k]! > 0)
    .map((k) => (2 * right[k]!) / (known[k]! + said[k]!));
  let exact = 0;
  let rows = 0;
  for (const [row, one] of counts.entries()) {
    rows += weights[row]!;
    const matched = total(one.right);
    if (matched === total(one.said) && matched === total(one.known)) exact += weights[row]!;
  }
  return {
    "span-f1": ratio(2 * rights, saids + knowns),
    "span-precision": ratio(rights, saids),
    "span-recall": ratio(rights, knowns),
    "span-f1-macro": ratio(
      f1s.reduce((sum, f1) => sum + f1, 0),
      f1s.length,
    ),
    "exact-texts": ratio(exact, rows),
  };
}

const ratio = (part: number, whole: number): number => (whole > 0 ? part / whole : 0);
