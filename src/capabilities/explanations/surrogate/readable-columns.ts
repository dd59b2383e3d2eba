import type { SurrogateColumn } from "../../../foundation/contracts/explainer-asset.js";
import { type Column, createFrame, type Frame } from "../../../foundation/contracts/frame.js";

/** Whether trees can read the column as one number: texts, vectors, images and tokens say too much for that. */
export function isReadable(column: Column): boolean {
  return (
    column.kind === "number" ||
    column.kind === "boolean" ||
    column.kind === "datetime" ||
    column.kind === "category"
  );
}

/** The columns of a frame as a surrogate will read them; categories are those of this frame. */
export function describeColumns(frame: Frame): SurrogateColumn[] {
  return Array.from(frame.columns, ([name, column]) => ({
    name,
    categories: column.kind === "category" ? [...column.dictionary] : null,
  }));
}

/** Reads frames that have these columns, one number a cell; missing and unknown are NaN. */
export interface ColumnReader {
  /** Float32 [rows][columns], row-major. */
  matrix(frame: Frame): Float32Array;
  /** The same as a frame of features. */
  features(frame: Frame): Frame;
}

export function createColumnReader(columns: readonly SurrogateColumn[]): ColumnReader {
  const codes = columns.map(
    ({ categories }) => categories && new Map(categories.map((text, k) => [text, k])),
  );
  const read = (frame: Frame, k: number): Float32Array =>
    numbersOf(frame.columns.get(columns[k]!.name)!, codes[k]!);
  return {
    matrix(frame) {
      const width = columns.length;
      const matrix = new Float32Array(frame.rows * width);
      for (let k = 0; k < width; k++) {
        const values = read(frame, k);
        for (let row = 0; row < frame.rows; row++) matrix[row * width + k] = values[row]!;
      }
      return matrix;
    },
    features: (frame) =>
      createFrame(
        columns.map(({ name, categories }, k) => [
          name,
          { kind: "number", values: read(frame, k), ...(categories ? { categories } : {}) },
        ]),
        frame.rows,
      ),
  };
}

function numbersOf(column: Column, codes: ReadonlyMap<string, number> | null): Float32Array {
  if (column.kind === "category") {
    const known = column.dictionary.map((text) => codes?.get(text) ?? Number.NaN);
    return Float32Array.from(column.codes, (code) => (code < 0 ? Number.NaN : known[code]!));
  }
  if (column.kind === "number" || column.kind === "boolean" || column.kind === "datetime")
    return Float32Array.from(column.values);
  throw new Error(`A ${column.kind} column cannot be read as numbers.`);
}
