import type { ColumnKind } from "../../../foundation/contracts/column.js";
import type { FinderInput } from "../../../foundation/contracts/finder.js";
import { type Column, type Frame, isWide } from "../../../foundation/contracts/frame.js";
import type { ColumnProfile } from "../../../foundation/contracts/profile.js";

/**
 * The columns a model may learn from: not the target, no truth of a structured task, no ids, nothing ignored, no roles
 * that only divide rows.
 */
export function featureColumns(input: FinderInput): { profile: ColumnProfile; column: Column }[] {
  const { id, group } = input.roles;
  const excluded = new Set([input.target?.name, ...(input.truths ?? []), id, group]);
  return input.profile.columns.flatMap((profile) => {
    const column = input.frame.columns.get(profile.name);
    if (!column || excluded.has(profile.name)) return [];
    return profile.kind === "id" || profile.kind === "ignore" ? [] : [{ profile, column }];
  });
}

/** The text of a value as a reader knows it; "" = missing. */
export function textOf(column: Column, row: number): string {
  switch (column.kind) {
    case "category":
      return column.dictionary[column.codes[row]!] ?? "";
    case "text":
    case "id":
      return column.values[row]!;
    case "vector":
    case "image":
    case "tokens":
      return "";
    case "datetime":
      return Number.isNaN(column.values[row]!) ? "" : new Date(column.values[row]!).toISOString();
    default:
      return Number.isNaN(column.values[row]!) ? "" : String(column.values[row]);
  }
}

/** Texts that a reader finds among the first `rows` of the sample, of each column that was read as words. */
export function sampledTexts(
  input: FinderInput,
  rows: number,
): { readonly profile: ColumnProfile; readonly texts: readonly string[] }[] {
  return featureColumns(input).flatMap(({ profile, column }) => {
    if (column.kind !== "category" && column.kind !== "text") return [];
    const texts = Array.from(input.sample.subarray(0, rows), (row) => textOf(column, row));
    return [{ profile, texts: texts.filter((text) => text !== "") }];
  });
}

/** Whether equal rows are to be expected in a table that was profiled; see `offersFewCombinations`. */
export function profileExpectsEqualRows(input: FinderInput): boolean {
  const columns = featureColumns(input).map(({ profile }) => profile);
  return offersFewCombinations(columns, input.profile.rows);
}

/**
 * Whether equal rows are to be expected: the columns offer so few combinations of values that independent
 * rows must often agree. A measurement or a text that mostly differs offers any number of them.
 */
function offersFewCombinations(
  columns: Iterable<{ readonly kind: ColumnKind | Column["kind"]; readonly unique: number }>,
  rows: number,
): boolean {
  let combinations = 1;
  for (const { kind, unique } of columns) {
    if (kind !== "category" && kind !== "boolean" && unique > rows / 4) return false;
    combinations *= Math.max(1, unique);
  }
  return combinations <= 10 * rows;
}

/** Whether equal rows are to be expected among those given; see `offersFewCombinations`. */
export function expectsEqualRows(features: Frame, rows: Int32Array): boolean {
  return offersFewCombinations(countedColumns(features, rows), rows.length);
}

/** One after another, for the first measurement often decides. */
function* countedColumns(features: Frame, rows: Int32Array) {
  for (const column of features.columns.values())
    yield { kind: column.kind, unique: distinctValues(column, rows) };
}

/** Counts no further than matters. */
function distinctValues(column: Column, rows: Int32Array): number {
  if (isWide(column)) return rows.length;
  const seen = new Set<string | number>();
  const values = column.kind === "category" ? column.codes : column.values;
  for (const row of rows) {
    seen.add(values[row]!);
    if (column.kind !== "category" && seen.size > rows.length / 4) return rows.length;
  }
  return seen.size;
}

/** Row numbers, counting from 1, where the rows looked at are those of the table. */
export function rowNumbers(input: FinderInput, rows: readonly number[]): { rowNumbers?: number[] } {
  if (input.frame.rows !== input.profile.rows) return {};
  return { rowNumbers: rows.slice(0, 10).map((row) => row + 1) };
}

const EVERY_ROW_LIMIT = 200_000;

/** Every row of the frame while there are not too many, otherwise the sample: for what is rare. */
export function rowsForRareValues({ frame, sample }: FinderInput): Int32Array {
  if (frame.rows > EVERY_ROW_LIMIT) return sample;
  const rows = new Int32Array(frame.rows);
  for (let row = 0; row < rows.length; row++) rows[row] = row;
  return rows;
}
