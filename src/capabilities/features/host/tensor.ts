import type { Column } from "../../../foundation/contracts/frame.js";
import { MISSING_DATETIME } from "../../../foundation/contracts/graph.js";

/** Row-major data of a graph input: [rows, 1], or [rows, width] of a vector. */
export type InputTensor =
  | { readonly type: "float32"; readonly shape: readonly [number, number]; readonly data: Float32Array }
  | { readonly type: "float64"; readonly shape: readonly [number, number]; readonly data: Float64Array }
  | { readonly type: "int64"; readonly shape: readonly [number, number]; readonly data: BigInt64Array }
  | { readonly type: "string"; readonly shape: readonly [number, number]; readonly data: string[] };

/** A column as the tensor of its graph input; `precision` says which float a number column is fed as. */
export function columnTensor(column: Column, precision: "float32" | "float64" = "float32"): InputTensor {
  switch (column.kind) {
    case "number": {
      const shape = [column.values.length, 1] as const;
      if (precision === "float64") return { type: "float64", shape, data: Float64Array.from(column.values) };
      return { type: "float32", shape, data: Float32Array.from(column.values) };
    }
    case "boolean":
      return { type: "float32", shape: [column.values.length, 1], data: column.values };
    case "vector": {
      const rows = column.width === 0 ? 0 : column.values.length / column.width;
      return { type: "float32", shape: [rows, column.width], data: column.values };
    }
    case "datetime": {
      const data = BigInt64Array.from(column.values, (value) =>
        Number.isFinite(value) ? BigInt(Math.trunc(value)) : MISSING_DATETIME,
      );
      return { type: "int64", shape: [data.length, 1], data };
    }
    case "category": {
      const data = Array.from(column.codes, (code) => (code < 0 ? "" : wholeText(column.dictionary[code]!)));
      return { type: "string", shape: [data.length, 1], data };
    }
    case "text":
    case "id":
      return { type: "string", shape: [column.values.length, 1], data: column.values.map(wholeText) };
  }
}

/** The native runtime ends a string at U+0000; without this the rest would be lost, or the value missing. */
function wholeText(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\uFFFD") : text;
}
