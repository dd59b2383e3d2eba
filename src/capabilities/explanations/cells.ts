/** Single values of columns, and how far rows lie apart. */
import { type Column, type Frame, isWide } from "../../foundation/contracts/frame.js";

export type Cell = number | string | null;

/** Missing values are null; vectors have no single value and are null too. */
export function cellOf(column: Column, row: number): Cell {
  switch (column.kind) {
    case "category": {
      const code = column.codes[row]!;
      return code < 0 ? null : column.dictionary[code]!;
    }
    case "text":
    case "id":
      return column.values[row] === "" ? null : column.values[row]!;
    case "vector":
    case "image":
    case "tokens":
      return null;
    default: {
      const value = column.values[row]!;
      return Number.isNaN(value) ? null : value;
    }
  }
}

/** A column of the same kind that holds these values. */
export function columnOfCells(like: Column, cells: readonly Cell[]): Column {
  switch (like.kind) {
    case "category": {
      const dictionary = [...new Set(cells.filter((cell) => typeof cell === "string"))];
      return {
        kind: "category",
        dictionary,
        codes: Int32Array.from(cells, (cell) => (typeof cell === "string" ? dictionary.indexOf(cell) : -1)),
      };
    }
    case "text":
    case "id":
      return { kind: like.kind, values: cells.map((cell) => (cell === null ? "" : String(cell))) };
    case "vector":
    case "image":
    case "tokens":
      throw new Error(`A ${like.kind} column has no single values.`);
    case "datetime":
      return { kind: "datetime", values: Float64Array.from(cells, numberOf) };
    case "boolean":
      return { kind: "boolean", values: Float32Array.from(cells, numberOf) };
    case "number": {
      const narrow = like.values instanceof Float32Array;
      const values = narrow ? Float32Array.from(cells, numberOf) : Float64Array.from(cells, numberOf);
      return { kind: "number", values };
    }
  }
}

const numberOf = (cell: Cell): number => (typeof cell === "number" ? cell : Number.NaN);

/** Values present, ascending. */
export function sortedNumbers(column: Column): Float64Array {
  if (column.kind !== "number" && column.kind !== "datetime" && column.kind !== "boolean")
    return new Float64Array();
  return Float64Array.from(column.values)
    .filter((value) => Number.isFinite(value))
    .sort();
}

/** Distance of two values of one column: in standard deviations for numbers, 1 for any other difference. */
export type CellDistance = (a: Cell, b: Cell) => number;

export function cellDistance(column: Column): CellDistance {
  if (column.kind !== "number" && column.kind !== "datetime") return (a, b) => (a === b ? 0 : 1);
  const values = sortedNumbers(column);
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(values.length, 1);
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(values.length, 1);
  const spread = Math.sqrt(variance) || 1;
  return (a, b) => {
    if (typeof a !== "number" || typeof b !== "number") return a === b ? 0 : 1;
    return Math.abs(a - b) / spread;
  };
}

/** Rows of a frame as lists of cells, with the sum of their columns' distances. */
export interface Neighbourhood {
  readonly names: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
  readonly distance: (a: readonly Cell[], b: readonly Cell[]) => number;
  /** To the nearest row, `except` left out. */
  nearest(cells: readonly Cell[], except?: number): number;
  /** Distances of the rows to their nearest others, ascending. */
  readonly ownDistances: Float64Array;
}

export function createNeighbourhood(frame: Frame): Neighbourhood {
  const columns = [...frame.columns].filter(([, column]) => !isWide(column));
  const distances = columns.map(([, column]) => cellDistance(column));
  const rows = Array.from({ length: frame.rows }, (_, row) =>
    columns.map(([, column]) => cellOf(column, row)),
  );
  const distance = (a: readonly Cell[], b: readonly Cell[]): number =>
    distances.reduce((sum, between, k) => sum + between(a[k]!, b[k]!), 0);
  const nearest = (cells: readonly Cell[], except = -1): number => {
    let best = Number.POSITIVE_INFINITY;
    for (const [row, other] of rows.entries())
      if (row !== except) best = Math.min(best, distance(cells, other));
    return best;
  };
  const ownDistances = Float64Array.from(rows, (cells, row) => nearest(cells, row)).sort();
  return { names: columns.map(([name]) => name), rows, distance, nearest, ownDistances };
}
