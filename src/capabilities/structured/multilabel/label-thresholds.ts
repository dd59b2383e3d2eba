/** From which probability on a label is said to hold. */
import { f1Of, type LabelTable, rankedRows } from "./label-figures.js";

/** With fewer true rows the best threshold is chance. */
const LEAST_TRUE_ROWS = 5;
const USUAL = 0.5;

/**
 * For each label the threshold of the greatest F1 on these rows, half way between two probabilities (Lipton et al., 2014); the one
 * nearest to 0.5 among equals; 0.5 for a label with fewer than 5 true rows.
 */
export function chooseThresholds(table: Omit<LabelTable, "decided">): number[] {
  return Array.from({ length: table.labels }, (_, label) => chooseThreshold(table, label));
}

function chooseThreshold(
  { rows, labels, truth, probabilities }: Omit<LabelTable, "decided">,
  label: number,
): number {
  const at = (row: number) => row * labels + label;
  const ranked = rankedRows({ rows, labels, truth, probabilities, decided: truth }, label);
  const known = ranked.reduce((sum, row) => sum + truth[at(row)]!, 0);
  if (known < LEAST_TRUE_ROWS) return USUAL;
  let [best, threshold, found] = [-1, USUAL, 0];
  for (const [place, row] of ranked.entries()) {
    found += truth[at(row)]!;
    const probability = probabilities[at(row)]!;
    const next = place + 1 < rows ? probabilities[at(ranked[place + 1]!)]! : 0;
    if (next === probability) continue;
    const f1 = f1Of(found, place + 1, known);
    const middle = (probability + next) / 2;
    const isNearer = Math.abs(middle - USUAL) < Math.abs(threshold - USUAL);
    if (f1 > best || (f1 === best && isNearer)) [best, threshold] = [f1, middle];
  }
  return threshold;
}
