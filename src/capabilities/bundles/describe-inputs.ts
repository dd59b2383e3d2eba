import {
  type BundleInput,
  bundleInputSchema,
  INPUT_KINDS,
  MAXIMUM_LISTED_CATEGORIES,
} from "../../foundation/contracts/bundle.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { type Column, columnOf, type Frame } from "../../foundation/contracts/frame.js";
import { picturePresence } from "../../foundation/contracts/image-cells.js";

/**
 * What training saw of each column that the model takes: range or categories, and whether values were
 * missing, in which case a row may leave the column out.
 * @throws Error for a column kind that no model takes: a bug of the caller.
 */
export function describeInputs(columns: readonly ColumnSchema[], training: Frame): BundleInput[] {
  return columns.map((column) => {
    if (!(INPUT_KINDS as readonly string[]).includes(column.kind)) {
      throw new Error(`A model cannot take the ${column.kind} column ${JSON.stringify(column.name)}.`);
    }
    const content = columnOf(training, column.name);
    return bundleInputSchema.parse({ column, ...describeContent(content) });
  });
}

type Description = Pick<BundleInput, "optional" | "required" | "range" | "categories">;

function describeContent(content: Column): Description {
  switch (content.kind) {
    case "number":
    case "boolean":
    case "datetime":
      return describeNumbers(content.values, content.kind !== "boolean");
    case "category":
      return describeCategories(content.codes, content.dictionary);
    case "vector":
      return { optional: content.values.some(Number.isNaN) };
    case "image":
      return picturePresence(content).includes(0) ? { optional: true } : { optional: false, required: true };
    case "tokens":
      return { optional: false };
    default:
      return { optional: content.values.some((text) => text === "") };
  }
}

function describeNumbers(values: Float32Array | Float64Array, ranged: boolean): Description {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let optional = false;
  for (const value of values) {
    if (Number.isNaN(value)) optional = true;
    else if (Number.isFinite(value)) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
  }
  return ranged && low <= high ? { optional, range: [low, high] } : { optional };
}

function describeCategories(codes: Int32Array, dictionary: readonly string[]): Description {
  const counts = new Float64Array(dictionary.length);
  let optional = false;
  for (const code of codes) {
    if (code < 0) optional = true;
    else counts[code]!++;
  }
  const seen = dictionary.map((_, code) => code).filter((code) => counts[code]! > 0);
  if (seen.length > MAXIMUM_LISTED_CATEGORIES) return { optional };
  seen.sort((a, b) => counts[b]! - counts[a]! || (dictionary[a]! < dictionary[b]! ? -1 : 1));
  return { optional, categories: seen.map((code) => dictionary[code]!) };
}
