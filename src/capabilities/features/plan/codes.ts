/**
 * Whole numbers that name things (a store, a course, a zip code) beside those that measure something. What a model
 * should expect of a measured number, it should expect of its neighbours as well; the neighbours of a code say nothing.
 */
import type { Target } from "../../../foundation/contracts/target.js";

/** Fewer values are told apart by any model; and as many with rows enough are needed to tell. */
const LEAST_VALUES = 20;
/** One column for each class would outweigh the rest, as with categories. */
const MOST_CLASSES = 20;
/** By chance a column is this far from none in one of 30,000. */
const STANDARD_ERRORS = 4;
/** Of the target's variance: below, a model gains nothing that could be measured. */
const LEAST_SHARE = 0.002;
/** The values so far below and above say what a measured number would lead to expect. */
const NEIGHBOURS = 3;
/** More rows of one value count as so many: a value that most rows have, like 0, must not decide alone. */
const MOST_ROWS = 50;

/**
 * Whether each value of the column has a mean target of its own that the values beside it do not share: the jump of
 * the variogram at distance 0 (its nugget less the noise within a value; Matheron, 1963) is positive beyond chance. Of
 * a value v with the mean target m(v), m(v)^2 - m(v) * m(beside v) estimates it without bias, the square taken of
 * pairs of different rows, so that noise adds nothing.
 * @param values one a row; NaN is missing
 */
export function actsAsCodes(values: ArrayLike<number>, target: Target): boolean {
  const groups = groupByValue(values);
  if (!groups) return false;
  const jumps = new Float64Array(groups.length);
  let variance = 0;
  for (const output of centredOutputs(target)) {
    variance += output.reduce((sum, value) => sum + value * value, 0) / output.length;
    const sums = groups.map((rows) => rows.reduce((sum, row) => sum + output[row]!, 0));
    for (const [k, rows] of groups.entries())
      jumps[k]! += pairMean(rows, sums[k]!, output) - (sums[k]! / rows.length) * meanBeside(k, groups, sums);
  }
  const weights = groups.map(({ length }) => (length > 1 ? Math.min(length, MOST_ROWS) : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const jump = weights.reduce((sum, weight, k) => sum + weight * jumps[k]!, 0) / total;
  const squares = weights.reduce((sum, weight, k) => sum + (weight * (jumps[k]! - jump)) ** 2, 0);
  return jump > (STANDARD_ERRORS * Math.sqrt(squares)) / total && jump > LEAST_SHARE * variance;
}

/** Rows of each value, ascending by value; undefined where the column is no whole numbers that repeat. */
function groupByValue(values: ArrayLike<number>): number[][] | undefined {
  const groups = new Map<number, number[]>();
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (Number.isNaN(value)) continue;
    if (!Number.isInteger(value)) return undefined;
    const known = groups.get(value);
    if (known) known.push(row);
    else groups.set(value, [row]);
  }
  const repeated = [...groups.values()].filter((rows) => rows.length > 1).length;
  if (repeated < LEAST_VALUES || 2 * repeated < groups.size) return undefined;
  return [...groups].sort(([a], [b]) => a - b).map(([, rows]) => rows);
}

/** The target less its mean; of classes, an indicator of each less its share. */
function centredOutputs(target: Target): Float64Array[] {
  if (target.task === "regression") return [centred(target.values)];
  const { codes, classes } = target;
  if (classes.length > MOST_CLASSES) return [];
  const said = classes.length === 2 ? [1] : Array.from(classes.keys());
  return said.map((code) => centred(Float64Array.from(codes, (own) => (own === code ? 1 : 0))));
}

function centred(values: Float64Array): Float64Array {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.map((value) => value - mean);
}

/** The mean product of two different rows: the square of their expected value, whatever the noise. */
function pairMean(rows: readonly number[], sum: number, output: Float64Array): number {
  const count = rows.length;
  if (count < 2) return 0;
  const squares = rows.reduce((all, row) => all + output[row]! ** 2, 0);
  return (sum * sum - squares) / (count * (count - 1));
}

function meanBeside(k: number, groups: readonly number[][], sums: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (let at = Math.max(0, k - NEIGHBOURS); at <= Math.min(groups.length - 1, k + NEIGHBOURS); at++) {
    if (at === k) continue;
    sum += sums[at]!;
    count += groups[at]!.length;
  }
  return sum / count;
}
