import { pictureToJson } from "../../foundation/base/pictures/picture.js";
import { createRandom, type Random } from "../../foundation/base/random.js";
import type { BundleInput } from "../../foundation/contracts/bundle.js";
import type { Row } from "../../foundation/contracts/prediction.js";

const ROWS = 8;

/**
 * Invented rows within the known ranges and categories, then one with nothing known. Invented, because a
 * bundle travels: it should not carry people's records.
 */
export function inventRequests(inputs: readonly BundleInput[], seed: string): Row[] {
  const random = createRandom(`sample ${seed}`);
  const rows = Array.from({ length: ROWS }, () => rowOf(inputs, (input) => invent(input, random)));
  return [...rows, rowOf(inputs, (input) => (input.required ? invent(input, random) : null))];
}

function rowOf(inputs: readonly BundleInput[], value: (input: BundleInput) => unknown): Row {
  // Entries, so that a column called `__proto__` is an own property.
  return Object.fromEntries(inputs.map((input) => [input.column.name, value(input)]));
}

function invent({ column, range, categories }: BundleInput, random: Random): unknown {
  switch (column.kind) {
    case "number":
      return range ? inventNumber(range, random) : null;
    case "datetime":
      return range ? isoTime(Math.round(inventNumber(range, random))) : null;
    case "boolean":
      return random.uniform() < 0.5;
    case "vector":
      return Array.from({ length: column.format?.width ?? 0 }, () => random.normal());
    case "image": {
      const { height = 0, width = 0, channels = 3 } = column.format ?? {};
      const data = Uint8Array.from({ length: height * width * channels }, () => random.integer(256));
      return pictureToJson({ height, width, channels, data });
    }
    case "category":
      // Often one of the first, which are the most frequent.
      return categories?.length
        ? categories[Math.floor(categories.length * random.uniform() ** 2)]!
        : "sample";
    default:
      return `sample text ${random.integer(100)}`;
  }
}

function inventNumber([low, high]: readonly [number, number], random: Random): number {
  const value = low + (high - low) * random.uniform();
  if (Number.isInteger(low) && Number.isInteger(high)) return Math.round(value);
  return Number(value.toPrecision(6));
}

function isoTime(epochMs: number): string | null {
  const year = new Date(epochMs).getUTCFullYear();
  return year >= 1 && year <= 9999 ? new Date(epochMs).toISOString() : null;
}
