import { createHmac } from "node:crypto";
import {
  categoryText,
  parseBoolean,
  parseDatetime,
  parseNumber,
  parseVector,
  plainText,
} from "../../../foundation/base/values.js";
import type { BundleInput } from "../../../foundation/contracts/bundle.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";

const LOGGED: ReadonlySet<string> = new Set([
  ...["number", "boolean", "category", "text", "datetime", "id", "vector"],
]);

/** Pictures and the like are not kept: they are large, and drift is not measured on them. */
export const isLogged = ({ column }: BundleInput): boolean => LOGGED.has(column.kind);

/**
 * The value that the model saw, as text that reads as the same value by `loggedColumn`; "" = missing. What is no value
 * of the column was refused before the model answered.
 */
export function loggedCell({ column }: BundleInput, value: unknown, maximumTextLength: number): string {
  const { kind, format = {} } = column;
  switch (kind) {
    case "number":
      return numberText(parseNumber(value, format));
    case "datetime":
      return numberText(parseDatetime(value, format));
    case "boolean":
      return ["false", "true"][parseBoolean(value, format) ?? Number.NaN] ?? "";
    case "vector": {
      const numbers = parseVector(value, format) ?? [];
      return numbers.length === 0 ? "" : JSON.stringify(numbers);
    }
    case "text":
      return plainText(value, format).slice(0, maximumTextLength);
    default:
      return categoryText(value, format, column.numericCategory ?? false).slice(0, maximumTextLength);
  }
}

const numberText = (value: number | undefined): string =>
  value === undefined || Number.isNaN(value) ? "" : String(value);

/** How such texts are read: the source's own way of writing is behind them. */
export function loggedColumn({ column }: BundleInput, name: string): ColumnSchema {
  const { kind, precision, format } = column;
  const width = format?.width;
  return {
    name,
    kind,
    reason: "logged as the model saw it",
    ...(precision === undefined ? {} : { precision }),
    ...(kind === "datetime" ? { format: { datetime: "epoch-ms" } } : {}),
    ...(kind === "vector" && width !== undefined ? { format: { width } } : {}),
  };
}

/** Equal values of a column have equal hashes; without the key they cannot be guessed from them. */
export function hashedCell(column: string, text: string, key: string): string {
  return text === "" ? "" : createHmac("sha256", key).update(`${column}\0${text}`).digest("hex").slice(0, 20);
}
