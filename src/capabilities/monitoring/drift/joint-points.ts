import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { CategoryColumn, Column } from "../../../foundation/contracts/frame.js";
import type { Points } from "../statistics/mean-discrepancy.js";
import type { ColumnPair } from "./column-checks.js";

/** Numbers are cut here, in quartile ranges, so that one outlier does not set every distance. */
const FARTHEST = 4;
const MOST_CATEGORIES = 10;

/** One coordinate of every point. */
type Coordinate = readonly [reference: Float64Array, current: Float64Array];

/**
 * Rows as points for a test of all columns together: numbers centred and scaled by quartiles, categories as
 * indicators, missing values as the middle with an indicator. Scales come from both sides alike: a permutation test
 * must not know which is which.
 */
export function jointPoints(pairs: readonly ColumnPair[]): { reference: Points; current: Points } {
  const coordinates = pairs.flatMap(coordinatesOf);
  return {
    reference: interleave(coordinates.map(([values]) => values)),
    current: interleave(coordinates.map(([, values]) => values)),
  };
}

function coordinatesOf({ reference, current }: ColumnPair): Coordinate[] {
  if (reference.kind === "category" && current.kind === "category")
    return categoryCoordinates(reference, current);
  const [left, right] = [numbers(reference), numbers(current)];
  return left && right ? numberCoordinates(left, right) : [];
}

function numbers(column: Column): Float64Array | undefined {
  return column.kind === "number" || column.kind === "boolean" ? Float64Array.from(column.values) : undefined;
}

function numberCoordinates(left: Float64Array, right: Float64Array): Coordinate[] {
  const known = Float64Array.from([...left, ...right].filter((value) => !Number.isNaN(value))).sort();
  const middle = quantileOfSorted(known, 0.5);
  const scale =
    quantileOfSorted(known, 0.75) - quantileOfSorted(known, 0.25) ||
    quantileOfSorted(known, 0.95) - quantileOfSorted(known, 0.05);
  if (!(scale > 0)) return [];
  const scaled = (value: number) =>
    Number.isNaN(value) ? 0 : Math.min(FARTHEST, Math.max(-FARTHEST, (value - middle) / scale));
  const absent = (value: number) => (Number.isNaN(value) ? 1 : 0);
  const values: Coordinate = [left.map(scaled), right.map(scaled)];
  const anyMissing = known.length < left.length + right.length;
  return anyMissing ? [values, [left.map(absent), right.map(absent)]] : [values];
}

function categoryCoordinates(left: CategoryColumn, right: CategoryColumn): Coordinate[] {
  const counts = new Map<string, number>();
  for (const { codes, dictionary } of [left, right]) {
    for (const code of codes) {
      if (code >= 0) counts.set(dictionary[code]!, (counts.get(dictionary[code]!) ?? 0) + 1);
    }
  }
  const commonest = [...counts]
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, MOST_CATEGORIES)
    .map(([text]) => text);
  // Two rows of different categories are 1 apart.
  const indicator = ({ codes, dictionary }: CategoryColumn, text: string) => {
    const wanted = dictionary.indexOf(text);
    return Float64Array.from(codes, (code) => (code === wanted && code >= 0 ? Math.SQRT1_2 : 0));
  };
  return commonest.map((text) => [indicator(left, text), indicator(right, text)]);
}

function interleave(columns: readonly Float64Array[]): Points {
  const rows = columns[0]?.length ?? 0;
  const width = columns.length;
  const values = new Float64Array(rows * width);
  for (const [k, column] of columns.entries()) {
    for (let row = 0; row < rows; row++) values[row * width + k] = column[row]!;
  }
  return { values, rows, width };
}
