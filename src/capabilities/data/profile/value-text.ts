import type { ColumnKind } from "../../../foundation/contracts/column.js";
import type { Column } from "../../../foundation/contracts/frame.js";

const LIMIT = 200;

/** A value as a reader knows it: whole numbers without a fraction, times in ISO 8601, long texts cut. */
export function valueText(value: unknown, { kind }: { kind: ColumnKind | Column["kind"] }): string {
  if (kind === "boolean") return value === true || value === 1 ? "true" : "false";
  if (kind === "datetime") return timeText(Number(value));
  const text = String(value);
  return text.length > LIMIT ? `${[...text.slice(0, 2 * LIMIT)].slice(0, LIMIT - 1).join("")}…` : text;
}

/** ISO 8601; the number itself when it is outside the range of dates. */
export function timeText(epochMs: number): string {
  const date = new Date(epochMs);
  return Number.isNaN(date.getTime()) ? String(epochMs) : date.toISOString();
}
