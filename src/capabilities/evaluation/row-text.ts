/** How cells are written where a document shows rows. */
import type { Column, Frame } from "../../foundation/contracts/frame.js";

/** [column, value] of one row; none without a frame. */
export function rowValues(features: Frame | undefined, row: number): [string, string][] {
  return [...(features?.columns ?? [])].map(([name, column]) => [name, cellText(column, row)]);
}

/** A cell as text; "" = missing. */
export function cellText(column: Column, row: number): string {
  switch (column.kind) {
    case "category":
      return column.codes[row]! < 0 ? "" : column.dictionary[column.codes[row]!]!;
    case "number": {
      const value = column.values[row]!;
      return Number.isNaN(value) ? "" : (column.categories?.[value] ?? numberText(value));
    }
    case "boolean":
      return Number.isNaN(column.values[row]!) ? "" : String(column.values[row] === 1);
    case "datetime":
      return Number.isNaN(column.values[row]!)
        ? ""
        : new Date(column.values[row]!).toISOString().slice(0, 10);
    case "vector":
      return `[${column.width}]`;
    case "image":
      return `[${column.height} x ${column.width}]`;
    case "tokens":
      return `[${column.length}]`;
    default:
      return column.values[row]!;
  }
}

/** Six significant digits. */
export function numberText(value: number): string {
  return String(Number(value.toPrecision(6)));
}
