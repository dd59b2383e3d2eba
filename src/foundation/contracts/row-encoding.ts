/**
 * Rows and frames to the tensors of a model: the one definition, used by bundles, servers and the browser
 * runtime. Shapes [N,1], vectors [N,width], images [N,height,width,channels]. number and boolean: float32 (or
 * float64) with NaN = missing; datetime: int64 epoch milliseconds, the smallest int64 = missing; category, text, id:
 * string, "" = missing, U+0000 replaced by U+FFFD; image: uint8, 0 = missing.
 */
import { QuernError } from "../base/errors.js";
import { nearest } from "../base/nearest.js";
import { type PictureSize, parsePicture, UnreadablePicture } from "../base/pictures/picture.js";
import { parseVector } from "../base/values.js";
import type { BundleInput } from "./bundle.js";
import { type CellReader, cellOf, cellReader, hasNul, withoutNul } from "./cell-reader.js";
import { type CategoryColumn, type Column, columnLength, type Frame } from "./frame.js";
import { type GraphColumn, MISSING_DATETIME } from "./graph.js";
import type { Row } from "./prediction.js";
import type { Tensor } from "./tensor.js";

type ColumnFormat = NonNullable<BundleInput["column"]["format"]>;

export type EncodedColumns = ReadonlyMap<string, Tensor>;

/** One bad value. Rows count from 0. */
export interface InputProblem {
  readonly row: number;
  readonly column?: string;
  readonly message: string;
}

const MAXIMUM_PROBLEMS = 20;

/** Said of a row without the picture that its model needs. */
export const NO_PICTURE = "there is no picture, and the model needs one";

/**
 * Columns that the model does not know are ignored. A value that is present but not of its column's kind is
 * a problem; so is a column that a row leaves out, unless the column is optional. Unseen categories are fine.
 * @throws QuernError PREDICTION_INPUT, whose details list up to 20 problems by row and column.
 */
export function encodeRows(inputs: readonly BundleInput[], rows: readonly Row[]): EncodedColumns {
  const problems = new Problems(inputs, rows);
  const encoded = new Map<string, Tensor>();
  for (const [index, row] of rows.entries()) {
    if (typeof row !== "object" || row === null || Array.isArray(row)) {
      problems.add(index, undefined, "is not an object of column names and values");
    }
  }
  problems.throwIfAny();
  for (const input of inputs) {
    const name = input.column.name;
    encoded.set(name, encodeColumn(input, rows, problems));
  }
  problems.throwIfAny();
  return encoded;
}

function encodeColumn(input: BundleInput, rows: readonly Row[], problems: Problems): Tensor {
  const { column, optional } = input;
  const format = column.format ?? {};
  const { name } = column;
  const read = <T>(row: number, { parse, missing, wanted }: CellReader<T>): T => {
    const value = cellOf(rows[row]!, name);
    if (value === undefined) {
      if (!optional) problems.missing(row, name);
      return missing;
    }
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    problems.add(row, name, reasonOf(value, input) ?? `${describe(value)} is not ${wanted}`);
    return missing;
  };
  const count = rows.length;
  if (column.kind === "vector") {
    const vectors = vectorReader(format);
    return encodeVectors(format.width ?? 0, count, (row) => read(row, vectors));
  }
  if (column.kind === "image") {
    const pictures = pictureReader(pictureSize(format), input.required ?? false);
    return encodePictures(pictureSize(format), count, (row) => read(row, pictures));
  }
  const reader = cellReader(column);
  if (!reader) throw new Error(`A row has no cell for ${column.kind}.`);
  if (reader.holds === "text") {
    const data = Array.from({ length: count }, (_, row) => read(row, reader));
    return { type: "string", shape: [count, 1], data };
  }
  if (column.kind === "datetime") {
    const data = BigInt64Array.from({ length: count }, (_, row) => toInt64(read(row, reader)));
    return { type: "int64", shape: [count, 1], data };
  }
  const data = column.precision === "float64" ? new Float64Array(count) : new Float32Array(count);
  for (let row = 0; row < count; row++) data[row] = read(row, reader);
  return numberTensor(data);
}

function reasonOf(value: unknown, { required }: BundleInput): string | undefined {
  if (value instanceof UnreadablePicture) return `no image: ${value.reason}`;
  return value === null && required ? NO_PICTURE : undefined;
}

function vectorReader(format: ColumnFormat): CellReader<readonly number[]> {
  const wanted = `a list of ${format.width} numbers`;
  return { parse: (value) => parseVector(value, format), missing: [], wanted };
}

function encodeVectors(width: number, count: number, read: (row: number) => readonly number[]): Tensor {
  const data = new Float32Array(count * width).fill(Number.NaN);
  for (let row = 0; row < count; row++) data.set(read(row), row * width);
  return { type: "float32", shape: [count, width], data };
}

function pictureSize({ height = 0, width = 0, channels = 3 }: ColumnFormat): PictureSize {
  return { height, width, channels };
}

/** A picture that is null is missing, all 0, where the model can do without. */
function pictureReader(size: PictureSize, isRequired: boolean): CellReader<Uint8Array> {
  return {
    parse: (value) => (value === null && !isRequired ? new Uint8Array() : parsePicture(value, size)),
    missing: new Uint8Array(),
    wanted: `a picture of ${sizeText(size)}`,
  };
}

const sizeText = ({ height, width, channels }: PictureSize): string => `${height} x ${width} x ${channels}`;

function encodePictures(size: PictureSize, count: number, read: (row: number) => Uint8Array): Tensor {
  const { height, width, channels } = size;
  const data = new Uint8Array(count * height * width * channels);
  for (let row = 0; row < count; row++) data.set(read(row), row * height * width * channels);
  return { type: "uint8", shape: [count, height, width, channels], data };
}

const INT64_LIMIT = 2 ** 63;

/** NaN, and what no int64 can hold, becomes the mark of a missing time. */
function toInt64(epochMs: number): bigint {
  return Math.abs(epochMs) < INT64_LIMIT ? BigInt(Math.floor(epochMs)) : MISSING_DATETIME;
}

/** A column as the graph's text inputs carry it, so that what learns from it learns from the same texts. */
export function columnWithoutNul(column: Column): Column {
  switch (column.kind) {
    case "text":
    case "id":
      return column.values.some(hasNul) ? { ...column, values: column.values.map(withoutNul) } : column;
    case "category":
      return column.dictionary.some(hasNul) ? toCategories(categoryTexts(column)) : column;
    default:
      return column;
  }
}

function categoryTexts({ codes, dictionary }: CategoryColumn): string[] {
  const texts = dictionary.map(withoutNul);
  return Array.from(codes, (code) => (code < 0 ? "" : texts[code]!));
}

function numberTensor(data: Float32Array | Float64Array, width = 1): Tensor {
  const shape = [data.length / width, width];
  return data instanceof Float32Array ? { type: "float32", shape, data } : { type: "float64", shape, data };
}

/**
 * The same tensors from a frame whose columns were read by the schema of the inputs.
 * @throws QuernError PREDICTION_INPUT when a column is missing and not optional, or of another kind.
 */
export function encodeFrame(inputs: readonly BundleInput[], frame: Frame): EncodedColumns {
  const encoded = new Map<string, Tensor>();
  for (const { column, optional } of inputs) {
    const found = frame.columns.get(column.name);
    if (found) encoded.set(column.name, encodeFrameColumn(column, found));
    else if (optional) encoded.set(column.name, missingColumn(column, frame.rows));
    else throw missingColumnError(column.name, frame.columns.keys());
  }
  return encoded;
}

/** What the graph sees of a column. `precision` applies to numbers. */
export function encodeFrameColumn(
  expected: { readonly name: string; readonly kind: string; readonly precision?: string | undefined },
  column: Column,
): Tensor {
  const isText = (kind: string) => kind === "category" || kind === "text" || kind === "id";
  if (column.kind !== expected.kind && !(isText(column.kind) && isText(expected.kind))) {
    throw new QuernError(
      "PREDICTION_INPUT",
      `Column ${JSON.stringify(expected.name)} is a ${column.kind}, the model expects a ${expected.kind}.`,
      { details: { column: expected.name } },
    );
  }
  switch (column.kind) {
    case "number":
      return numberTensor(
        expected.precision === "float64"
          ? Float64Array.from(column.values)
          : column.values instanceof Float32Array
            ? column.values
            : Float32Array.from(column.values),
      );
    case "boolean":
      return numberTensor(column.values);
    case "vector":
      return {
        type: "float32",
        shape: [columnLength(column), column.width],
        data: column.values,
      };
    case "datetime":
      return {
        type: "int64",
        shape: [column.values.length, 1],
        data: BigInt64Array.from({ length: column.values.length }, (_, row) => toInt64(column.values[row]!)),
      };
    case "category":
      return { type: "string", shape: [column.codes.length, 1], data: categoryTexts(column) };
    case "image": {
      const { height, width, channels, values } = column;
      return { type: "uint8", shape: [columnLength(column), height, width, channels], data: values };
    }
    case "tokens":
      return { type: "int32", shape: [columnLength(column), column.length], data: column.values };
    default:
      return { type: "string", shape: [column.values.length, 1], data: column.values.map(withoutNul) };
  }
}

function missingColumn({ kind, precision, format }: BundleInput["column"], rows: number): Tensor {
  switch (kind) {
    case "number":
      return numberTensor(
        (precision === "float64" ? new Float64Array(rows) : new Float32Array(rows)).fill(NaN),
      );
    case "boolean":
      return numberTensor(new Float32Array(rows).fill(Number.NaN));
    case "datetime":
      return { type: "int64", shape: [rows, 1], data: new BigInt64Array(rows).fill(MISSING_DATETIME) };
    case "vector":
      return encodeVectors(format?.width ?? 0, rows, () => []);
    case "image":
      return encodePictures(pictureSize(format ?? {}), rows, () => new Uint8Array());
    default:
      return { type: "string", shape: [rows, 1], data: new Array<string>(rows).fill("") };
  }
}

/** Back to a frame, for the host transforms that work before the graph. Categories arrive as text. */
export function decodeColumn(kind: GraphColumn["kind"], tensor: Tensor): Column {
  const data = tensor.data;
  switch (kind) {
    case "number":
      return { kind, values: data as Float32Array | Float64Array };
    case "boolean":
      return { kind, values: data as Float32Array };
    case "vector":
      return { kind, values: data as Float32Array, width: tensor.shape[1]! };
    case "datetime":
      return {
        kind,
        values: Float64Array.from(data as BigInt64Array, (epochMs) =>
          epochMs === MISSING_DATETIME ? Number.NaN : Number(epochMs),
        ),
      };
    case "category":
      return toCategories(data as readonly string[]);
    case "image": {
      const [, height = 0, width = 0, channels = 0] = tensor.shape;
      return { kind, values: data as Uint8Array, height, width, channels };
    }
    case "tokens":
      throw new Error("Tokens enter the graph; no host transform takes them.");
    default:
      return { kind, values: data as readonly string[] };
  }
}

function toCategories(values: readonly string[]): Column {
  const index = new Map<string, number>();
  const codes = Int32Array.from(values, (value) => {
    if (value === "") return -1;
    const code = index.get(value) ?? index.size;
    index.set(value, code);
    return code;
  });
  return { kind: "category", codes, dictionary: [...index.keys()] };
}

function describe(value: unknown): string {
  const text = typeof value === "number" ? String(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}

function missingColumnError(name: string, present: Iterable<string>): QuernError {
  const similar = nearest(name, present);
  const hint = similar === undefined ? "" : `; did you mean ${JSON.stringify(similar)}?`;
  return new QuernError("PREDICTION_INPUT", `The column ${JSON.stringify(name)} is missing${hint}.`, {
    details: { column: name },
  });
}

/** Collects what is wrong, so that one answer names it all. */
class Problems {
  readonly #found: InputProblem[] = [];
  readonly #known: ReadonlySet<string>;
  readonly #rows: readonly Row[];

  constructor(inputs: readonly BundleInput[], rows: readonly Row[]) {
    this.#known = new Set(inputs.map((input) => input.column.name));
    this.#rows = rows;
  }

  add(row: number, column: string | undefined, message: string): void {
    if (this.#found.length >= MAXIMUM_PROBLEMS) return;
    this.#found.push(column === undefined ? { row, message } : { row, column, message });
  }

  missing(row: number, column: string): void {
    if (this.#found.length >= MAXIMUM_PROBLEMS) return;
    const unknown = Object.keys(this.#rows[row]!).filter((name) => !this.#known.has(name));
    const similar = nearest(column, unknown);
    this.add(
      row,
      column,
      similar === undefined ? "is missing" : `is missing; did you mean ${describe(similar)}?`,
    );
  }

  throwIfAny(): void {
    const first = this.#found[0];
    if (!first) return;
    const place = first.column === undefined ? "" : `, column ${JSON.stringify(first.column)}`;
    const more = this.#found.length > 1 ? ` (and ${this.#found.length - 1} more)` : "";
    throw new QuernError("PREDICTION_INPUT", `Row ${first.row + 1}${place}: ${first.message}${more}.`, {
      details: { row: first.row, column: first.column, problems: this.#found },
    });
  }
}
