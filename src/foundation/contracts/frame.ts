/**
 * `Frame`: an immutable table in columns, the only form in which data reaches transforms, trainers and
 * evaluation. Nothing may write into the arrays of a column after the frame is made.
 *
 * Missing values: NaN in numbers, booleans and datetimes; code -1 in categories; "" in text and ids.
 */
import { QuernError } from "../base/errors.js";

/** Float32Array where no two values merge, otherwise Float64Array. */
export interface NumberColumn {
  readonly kind: "number";
  readonly values: Float64Array | Float32Array;
  /**
   * Present when the numbers are codes of unordered categories (0..n-1, NaN = missing or unseen), as tree
   * learners take them: the code is the index in this list.
   */
  readonly categories?: readonly string[];
}
/** 0, 1 or NaN. */
export interface BooleanColumn {
  readonly kind: "boolean";
  readonly values: Float32Array;
}
/** A value of a small set; the set's order means nothing. */
export interface CategoryColumn {
  readonly kind: "category";
  /** Index in `dictionary`, -1 = missing. */
  readonly codes: Int32Array;
  /** Distinct values, none empty; not every one need occur. */
  readonly dictionary: readonly string[];
}
/** Text to be read, in Unicode; "" = missing. */
export interface TextColumn {
  readonly kind: "text";
  readonly values: readonly string[];
}
/** Epoch milliseconds (UTC), whole numbers; NaN = missing. */
export interface DatetimeColumn {
  readonly kind: "datetime";
  readonly values: Float64Array;
}
/** Names rows; never a feature. "" = missing. */
export interface IdColumn {
  readonly kind: "id";
  readonly values: readonly string[];
}
/** Row-major, `rows * width`; NaN = missing. */
export interface VectorColumn {
  readonly kind: "vector";
  readonly values: Float32Array;
  readonly width: number;
  /** One feature name for each position (`city=Paris`), where they have a meaning of their own. */
  readonly names?: readonly string[];
}

export type Column =
  | NumberColumn
  | BooleanColumn
  | CategoryColumn
  | TextColumn
  | DatetimeColumn
  | IdColumn
  | VectorColumn;

export interface Frame {
  readonly rows: number;
  /** In column order. A Map, so that no column name can touch a prototype. */
  readonly columns: ReadonlyMap<string, Column>;
}

/** Rows of the column. */
export function columnLength(column: Column): number {
  switch (column.kind) {
    case "category":
      return column.codes.length;
    case "vector":
      return column.width === 0 ? 0 : column.values.length / column.width;
    default:
      return column.values.length;
  }
}

/** @throws Error when a column has another length than the first: a bug of the caller. */
export function createFrame(columns: Iterable<readonly [string, Column]>, rows?: number): Frame {
  const map = new Map(columns);
  let length = rows;
  for (const [name, column] of map) {
    length ??= columnLength(column);
    if (columnLength(column) !== length) {
      throw new Error(`Column ${JSON.stringify(name)} has ${columnLength(column)} rows, expected ${length}.`);
    }
  }
  return { rows: length ?? 0, columns: map };
}

/** @throws QuernError DATA_COLUMN_UNKNOWN */
export function columnOf(frame: Frame, name: string): Column {
  const column = frame.columns.get(name);
  if (column) return column;
  const known = [...frame.columns.keys()].slice(0, 20).join(", ");
  throw new QuernError(
    "DATA_COLUMN_UNKNOWN",
    `There is no column ${JSON.stringify(name)}; known columns: ${known}.`,
    {
      details: { column: name },
    },
  );
}

/** The named columns, in the given order, not copied. @throws QuernError DATA_COLUMN_UNKNOWN */
export function selectColumns(frame: Frame, names: readonly string[]): Frame {
  return createFrame(
    names.map((name) => [name, columnOf(frame, name)] as const),
    frame.rows,
  );
}

/** Copies the given rows, in the given order; an index may repeat. */
export function takeRows(frame: Frame, rows: ArrayLike<number>): Frame {
  return createFrame(
    [...frame.columns].map(([name, column]) => [name, takeColumn(column, rows)] as const),
    rows.length,
  );
}

/** Copies the given rows, in the given order; an index may repeat. */
export function takeColumn(column: Column, rows: ArrayLike<number>): Column {
  switch (column.kind) {
    case "number":
      return { ...column, values: gather(column.values, rows) };
    case "boolean":
      return { ...column, values: gather(column.values, rows) };
    case "datetime":
      return { ...column, values: gather(column.values, rows) };
    case "category":
      return { ...column, codes: gather(column.codes, rows) };
    case "text":
    case "id":
      return { ...column, values: Array.from({ length: rows.length }, (_, i) => column.values[rows[i]!]!) };
    case "vector":
      return { ...column, values: gatherVectors(column, rows) };
  }
}

function gather<T extends Float64Array | Float32Array | Int32Array>(values: T, rows: ArrayLike<number>): T {
  const result = new (values.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) result[i] = values[rows[i]!]!;
  return result;
}

function gatherVectors({ values, width }: VectorColumn, rows: ArrayLike<number>): Float32Array {
  const result = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    result.set(values.subarray(start, start + width), i * width);
  }
  return result;
}
