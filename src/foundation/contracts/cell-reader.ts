/** One cell of a row as the one number or text that stands for it: the part of the encoding that needs no tensor. */
import {
  categoryText,
  parseBoolean,
  parseDatetime,
  parseNumber,
  plainText,
  type ValueFormat,
} from "../base/values.js";
import type { BundleInput } from "./bundle.js";
import type { Row } from "./prediction.js";

/** Values as they arrive become T; what is not of the column's kind becomes `undefined`. */
export interface CellReader<T> {
  parse(value: unknown): T | undefined;
  /** Of a cell that is left out. */
  readonly missing: T;
  /** Completes "… is not …". */
  readonly wanted: string;
}

export interface NumberCellReader extends CellReader<number> {
  readonly holds: "number";
}
export interface TextCellReader extends CellReader<string> {
  readonly holds: "text";
}

/** @returns `undefined` for columns whose cells are more than one value: vectors and images */
export function cellReader({
  kind,
  format = {},
  numericCategory = false,
}: BundleInput["column"]): NumberCellReader | TextCellReader | undefined {
  const numbers = (
    parse: (value: unknown, format: ValueFormat) => number | undefined,
    wanted: string,
  ): NumberCellReader => ({
    ...{ holds: "number", missing: Number.NaN, wanted },
    parse: (value) => parse(value, format),
  });
  switch (kind) {
    case "number":
      return numbers(parseNumber, "a number");
    case "boolean":
      return numbers(parseBoolean, "true or false");
    case "datetime":
      return numbers(parseDatetime, "a date or time");
    case "vector":
    case "image":
      return undefined;
    default:
      return {
        holds: "text",
        parse: textReader(kind === "text", format, numericCategory),
        missing: "",
        wanted: "a text",
      };
  }
}

/** JSON objects and lists are no categories: refusing them shows a request of the wrong shape. */
function textReader(
  isFree: boolean,
  format: ValueFormat,
  numeric: boolean,
): (value: unknown) => string | undefined {
  return (value) => {
    if (typeof value === "object" && value !== null) return undefined;
    return withoutNul(isFree ? plainText(value, format) : categoryText(value, format, numeric));
  };
}

/**
 * U+0000 as U+FFFD: runtimes end a text at U+0000, so that the rest of it would be lost, or the whole missing.
 */
export function withoutNul(text: string): string {
  return hasNul(text) ? text.replaceAll("\0", "\uFFFD") : text;
}

export function hasNul(text: string): boolean {
  return text.includes("\0");
}

/** The value of a column that the row itself has; `undefined` where it has none. */
export function cellOf(row: Row, name: string): unknown {
  return Object.hasOwn(row, name) ? row[name] : undefined;
}

/**
 * Fills `into` with one value a column, in the order of the inputs.
 * @returns false where something is wrong with the row, which `encodeRows` then says
 */
export type ReadScalars = (row: Row, into: (number | string)[]) => boolean;

/** @returns `undefined` where a column has more than one value a cell */
export function scalarsReader(inputs: readonly BundleInput[]): ReadScalars | undefined {
  const columns: { name: string; optional: boolean; reader: NumberCellReader | TextCellReader }[] = [];
  for (const { column, optional } of inputs) {
    const reader = cellReader(column);
    if (!reader) return undefined;
    columns.push({ name: column.name, optional, reader });
  }
  return (row, into) => {
    if (typeof row !== "object" || row === null || Array.isArray(row)) return false;
    for (let k = 0; k < columns.length; k++) {
      const { name, optional, reader } = columns[k]!;
      const value = cellOf(row, name);
      const parsed = value === undefined ? (optional ? reader.missing : undefined) : reader.parse(value);
      if (parsed === undefined) return false;
      into[k] = parsed;
    }
    return true;
  };
}
