import type { CategoryColumn, Column } from "../../../foundation/contracts/frame.js";

/** Rows by dictionary index, and the number of missing rows. */
export function countCategories(column: CategoryColumn): { counts: Int32Array; missing: number } {
  const counts = new Int32Array(column.dictionary.length);
  let missing = 0;
  for (let row = 0; row < column.codes.length; row++) {
    const code = column.codes[row]!;
    if (code < 0) missing++;
    else counts[code]!++;
  }
  return { counts, missing };
}

/**
 * The values that occur, most frequent first, at most `maximum` of them; ties in code unit order, so that
 * the result does not depend on the order of rows.
 */
export function rankedCategories(column: CategoryColumn, maximum = Number.POSITIVE_INFINITY): string[] {
  const { counts } = countCategories(column);
  const seen = Array.from(counts.keys()).filter((code) => counts[code]! > 0);
  seen.sort((a, b) => counts[b]! - counts[a]! || compareText(column.dictionary[a]!, column.dictionary[b]!));
  return seen.slice(0, maximum).map((code) => column.dictionary[code]!);
}

/** Code unit order: the same everywhere, unlike locale order. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * Looks each dictionary entry up once: result[code + 1] is the number for `code`, result[0] the one for a
 * missing value; `absent` for values that `values` does not hold.
 */
export function lookupTable(
  column: CategoryColumn,
  values: ReadonlyMap<string, number>,
  absent: number,
  missing: number,
): Float64Array {
  const table = new Float64Array(column.dictionary.length + 1);
  table[0] = missing;
  for (const [code, value] of column.dictionary.entries()) table[code + 1] = values.get(value) ?? absent;
  return table;
}

export function indexOfEach(values: readonly string[]): Map<string, number> {
  return new Map(values.map((value, index) => [value, index]));
}

/** @throws Error for another kind: transforms are only given kinds they accept. */
export function categoryColumn(name: string, column: Column): CategoryColumn {
  if (column.kind !== "category") throw new Error(`Column ${JSON.stringify(name)} is a ${column.kind}.`);
  return column;
}
