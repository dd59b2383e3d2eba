import { ascendingOrder } from "../../../../foundation/base/ascending-order.js";
import { gather } from "../../../../foundation/base/gather.js";
import { type Column, cellWidth } from "../../../../foundation/contracts/frame.js";

/** A column cut into cells: a small number of disjoint sets of rows, by value. */
export interface Cells {
  /** Cell of each sampled row, 0..count-1. */
  readonly codes: Int32Array;
  readonly count: number;
  /** What the column is made of, for wording. */
  readonly scale: "number" | "category";
}

const NUMBER_CELLS = 64;
const ROWS_A_CELL = 10;

/** Whether a value is missing. */
export function isMissing(column: Column, row: number): boolean {
  switch (column.kind) {
    case "category":
      return column.codes[row]! < 0;
    case "text":
    case "id":
      return column.values[row] === "";
    case "vector":
      return column.width === 0 || Number.isNaN(column.values[row * column.width]!);
    case "image":
    case "tokens": {
      const width = cellWidth(column);
      return column.values.subarray(row * width, (row + 1) * width).every((value) => value === 0);
    }
    default:
      return Number.isNaN(column.values[row]!);
  }
}

/**
 * Categories as they are; numbers and times by value when they have few, otherwise by quantiles of at least
 * ten rows; missing values in a cell of their own. Undefined for wide columns.
 */
export function cellsOf(column: Column, sample: Int32Array): Cells | undefined {
  switch (column.kind) {
    case "vector":
    case "image":
    case "tokens":
      return undefined;
    case "category":
      return compact(Array.from(sample, (row) => column.codes[row]!));
    case "text":
    case "id":
      return compact(Array.from(sample, (row) => column.values[row]!));
    default:
      return numberCells(gather(column.values, sample));
  }
}

/** Two cells: missing and not. */
export function missingCells(column: Column, sample: Int32Array): Cells {
  const codes = Int32Array.from(sample, (row) => (isMissing(column, row) ? 1 : 0));
  return { codes, count: 2, scale: "category" };
}

function compact(values: readonly (string | number)[]): Cells {
  const codeOf = new Map<string | number, number>();
  const codes = Int32Array.from(values, (value) => {
    const known = codeOf.get(value);
    if (known !== undefined) return known;
    codeOf.set(value, codeOf.size);
    return codeOf.size - 1;
  });
  return { codes, count: codeOf.size, scale: "category" };
}

/** @param values one a row; NaN = missing; infinities are ordinary values */
export function numberCells(values: Float64Array): Cells {
  const codes = new Int32Array(values.length);
  const order = ascendingOrder(
    values.map((value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : value)),
  ).filter((i) => !Number.isNaN(values[i]!));
  let distinct = 0;
  for (let i = 0; i < order.length; i++) {
    if (i === 0 || values[order[i]!] !== values[order[i - 1]!]) distinct++;
  }
  const width = distinct <= NUMBER_CELLS ? 1 : Math.max(ROWS_A_CELL, Math.ceil(order.length / NUMBER_CELLS));
  let cell = -1;
  for (let start = 0; start < order.length; ) {
    let end = Math.min(order.length, start + width);
    while (end < order.length && values[order[end]!] === values[order[end - 1]!]) end++;
    cell++;
    for (let i = start; i < end; i++) codes[order[i]!] = cell;
    start = end;
  }
  const count = cell + 2;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i]!)) codes[i] = count - 1;
  return { codes, count, scale: "number" };
}
