/**
 * `Frame`: an immutable table in columns, the only form in which data reaches transforms, trainers and
 * evaluation. Nothing may write into the arrays of a column after the frame is made.
 *
 * Missing values: NaN in numbers, booleans and datetimes; code -1 in categories; "" in text and ids; 0 everywhere in images.
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

/** Decoded pictures of one size, sRGB: [rows, height, width, channels], 0 to 255; missing = all 0. */
export interface ImageColumn {
  readonly kind: "image";
  readonly values: Uint8Array;
  readonly height: number;
  readonly width: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: number;
}
/** Texts as a tokenizer numbers their pieces: [rows, length]; 0 fills what a text leaves over. */
export interface TokensColumn {
  readonly kind: "tokens";
  readonly values: Int32Array;
  readonly length: number;
  /** Every id is below this. */
  readonly vocabulary: number;
  /** Where each row is two texts read as one: the id behind the first of them; a second text has none before its end. */
  readonly separator?: number;
  /** What the tokens were made of, where they were made in this process: trainers learn from changed texts. */
  readonly source?: TokenSource;
}

export interface TokenSource {
  /** What each row is made of: one text, or two. */
  readonly texts: readonly (readonly string[])[];
  /** Ids of a row with such texts, at most `length`. */
  encode(texts: readonly string[], length: number): readonly number[];
}

export type Column =
  | NumberColumn
  | BooleanColumn
  | CategoryColumn
  | TextColumn
  | DatetimeColumn
  | IdColumn
  | VectorColumn
  | ImageColumn
  | TokensColumn;

export interface Frame {
  readonly rows: number;
  /** In column order. A Map, so that no column name can touch a prototype. */
  readonly columns: ReadonlyMap<string, Column>;
}

/** Rows of the column. */
export function columnLength(column: Column): number {
  if (column.kind === "category") return column.codes.length;
  const width = cellWidth(column);
  return width === 0 ? 0 : column.values.length / width;
}

/** Whether a row holds many values, none of which means anything alone. */
export function isWide(column: Column): column is VectorColumn | ImageColumn | TokensColumn {
  return column.kind === "vector" || column.kind === "image" || column.kind === "tokens";
}

/** What a row of a wide column holds: [width], or for images [height, width, channels]. */
export interface CellSize {
  readonly width: number;
  readonly image?: { readonly height: number; readonly channels: number } | undefined;
}

export function cellSize(column: VectorColumn | ImageColumn | TokensColumn): CellSize {
  if (column.kind === "tokens") return { width: column.length };
  const { width } = column;
  return column.kind === "vector"
    ? { width }
    : { width, image: { height: column.height, channels: column.channels } };
}

/** True for columns that are not wide. */
export function hasCellSize(column: Column, { width, image }: Partial<CellSize>): boolean {
  if (!isWide(column)) return true;
  const own = cellSize(column);
  return (
    own.width === width && own.image?.height === image?.height && own.image?.channels === image?.channels
  );
}

/** Values in one row of the column. */
export function cellWidth(column: Column): number {
  switch (column.kind) {
    case "vector":
      return column.width;
    case "image":
      return column.height * column.width * column.channels;
    case "tokens":
      return column.length;
    default:
      return 1;
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
      return { ...column, values: gatherCells(column.values, cellWidth(column), rows) };
    case "image":
      return { ...column, values: gatherCells(column.values, cellWidth(column), rows) };
    case "tokens":
      return takeTokens(column, rows);
  }
}

function takeTokens(column: TokensColumn, rows: ArrayLike<number>): TokensColumn {
  const values = gatherCells(column.values, column.length, rows);
  if (!column.source) return { ...column, values };
  const { texts, encode } = column.source;
  const taken = Array.from({ length: rows.length }, (_, i) => texts[rows[i]!]!);
  return { ...column, values, source: { texts: taken, encode } };
}

function gather<T extends Float64Array | Float32Array | Int32Array>(values: T, rows: ArrayLike<number>): T {
  const result = new (values.constructor as new (length: number) => T)(rows.length);
  for (let i = 0; i < rows.length; i++) result[i] = values[rows[i]!]!;
  return result;
}

function gatherCells<T extends Float32Array | Int32Array | Uint8Array>(
  values: T,
  width: number,
  rows: ArrayLike<number>,
): T {
  const result = new (values.constructor as new (length: number) => T)(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    result.set(values.subarray(start, start + width), i * width);
  }
  return result;
}
