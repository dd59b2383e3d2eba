import type { DetectorInput } from "../../../foundation/contracts/detector.js";
import type { Column } from "../../../foundation/contracts/frame.js";
import type { ColumnProfile } from "../../../foundation/contracts/profile.js";

/** The columns a model may learn from: not the target, no ids, nothing ignored, no roles that only divide rows. */
export function featureColumns(input: DetectorInput): { profile: ColumnProfile; column: Column }[] {
  const { id, group } = input.roles;
  const excluded = new Set([input.target?.name, id, group]);
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
      return "";
    case "datetime":
      return Number.isNaN(column.values[row]!) ? "" : new Date(column.values[row]!).toISOString();
    default:
      return Number.isNaN(column.values[row]!) ? "" : String(column.values[row]);
  }
}

/**
 * Whether equal rows are to be expected: the columns offer so few combinations of values that independent
 * rows must often agree.
 */
export function fewCombinations(input: DetectorInput): boolean {
  let combinations = 1;
  for (const { profile } of featureColumns(input)) combinations *= Math.max(1, profile.unique);
  return combinations <= 10 * input.profile.rows;
}
