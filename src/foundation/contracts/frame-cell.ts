import type { Column } from "./frame.js";

/** A cell as a plain JSON value that reads as the same value again; null: missing; undefined: a kind that has none. */
export function plainCell(column: Column, row: number): unknown {
  switch (column.kind) {
    case "number": {
      const value = column.values[row]!;
      return Number.isNaN(value) ? null : value;
    }
    case "boolean": {
      const value = column.values[row]!;
      return Number.isNaN(value) ? null : value === 1;
    }
    case "datetime": {
      const value = column.values[row]!;
      return Number.isNaN(value) ? null : new Date(value).toISOString();
    }
    case "category":
      return column.codes[row]! < 0 ? null : column.dictionary[column.codes[row]!];
    case "text":
    case "id":
      return column.values[row] === "" ? null : column.values[row];
    case "vector": {
      const start = row * column.width;
      const values = Array.from(column.values.subarray(start, start + column.width));
      return values.some(Number.isNaN) ? null : values;
    }
    default:
      return undefined;
  }
}
