/** Groups of rows by the values of one column. */

import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Column, Frame } from "../../../foundation/contracts/frame.js";

export interface ColumnGroups {
  readonly column: string;
  /** Name of each group. */
  readonly names: readonly string[];
  /** Group of each row, -1: none of them. */
  readonly codes: Int32Array;
}

const MOST_GROUPS = 12;
const RANGES = 4;

/** Undefined for columns that have no groups: texts, ids, vectors, constants. */
export function groupsOf(name: string, column: Column): ColumnGroups | undefined {
  const groups = rawGroups(name, column);
  return groups && groups.names.length > 1 ? groups : undefined;
}

export function frameGroups(frame: Frame): ColumnGroups[] {
  return [...frame.columns].flatMap(([name, column]) => groupsOf(name, column) ?? []);
}

function rawGroups(name: string, column: Column): ColumnGroups | undefined {
  switch (column.kind) {
    case "category":
      return frequentValues(name, column.codes, column.dictionary);
    case "number":
      if (column.categories)
        return frequentValues(name, Int32Array.from(column.values, asCode), column.categories);
      return ranges(name, column.values, (value) => String(Number(value.toPrecision(4))));
    case "boolean":
      return frequentValues(name, Int32Array.from(column.values, asCode), ["false", "true"]);
    case "datetime":
      return ranges(name, column.values, (value) => new Date(value).toISOString().slice(0, 10));
    default:
      return undefined;
  }
}

function asCode(value: number): number {
  return Number.isNaN(value) ? -1 : value;
}

/** The commonest values, and the rows without one. */
function frequentValues(column: string, codes: Int32Array, dictionary: readonly string[]): ColumnGroups {
  const counts = new Int32Array(dictionary.length + 1);
  for (const code of codes) counts[code + 1]! += 1;
  const kept = Array.from(counts.keys())
    .filter((slot) => counts[slot]! > 0)
    .sort((a, b) => counts[b]! - counts[a]! || a - b)
    .slice(0, MOST_GROUPS);
  const group = new Int32Array(dictionary.length + 1).fill(-1);
  for (const [index, slot] of kept.entries()) group[slot] = index;
  return {
    column,
    names: kept.map((slot) => (slot === 0 ? "∅" : dictionary[slot - 1]!)),
    codes: codes.map((code) => group[code + 1]!),
  };
}

/** Four ranges of about equal size, and the rows without a value. Few distinct numbers are values of their own. */
function ranges(
  column: string,
  values: Float64Array | Float32Array,
  format: (value: number) => string,
): ColumnGroups {
  const sorted = Float64Array.from(values.filter((value) => !Number.isNaN(value))).sort();
  const distinct = distinctOf(sorted, RANGES * 2);
  if (distinct) {
    const position = new Map(distinct.map((value, index) => [value, index]));
    const codes = Int32Array.from(values, (value) => position.get(value) ?? -1);
    return frequentValues(column, codes, distinct.map(format));
  }
  const cuts = [...new Set([0.25, 0.5, 0.75].map((share) => quantileOfSorted(sorted, share)))];
  const codes = Int32Array.from(values, (value) =>
    Number.isNaN(value) ? -1 : cuts.filter((cut) => value > cut).length,
  );
  const names = [`≤ ${format(cuts[0] ?? 0)}`];
  for (let i = 1; i < cuts.length; i++) names.push(`${format(cuts[i - 1]!)} – ${format(cuts[i]!)}`);
  return frequentValues(column, codes, [...names, `> ${format(cuts.at(-1) ?? 0)}`]);
}

/** The distinct values when there are at most `most`. */
function distinctOf(sorted: Float64Array, most: number): number[] | undefined {
  const distinct: number[] = [];
  for (const value of sorted) {
    if (distinct.at(-1) === value) continue;
    if (distinct.length === most) return undefined;
    distinct.push(value);
  }
  return distinct;
}
