import { z } from "zod";
import { type CategoryColumn, type Column, createFrame } from "../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";

const config = z.strictObject({});

interface AsCategoryState {
  /** Of each column, ascending: the numbers that became categories, float32. */
  readonly columns: readonly Float32Array[];
}

/** What a number that no training row had becomes; no number is written like this. */
const UNSEEN = "(unseen)";

/**
 * Numbers that name things (`store 17`) as categories: `store.code`. What differs by less than float32 tells apart is
 * one category. Missing stays missing.
 */
export const asCategory = defineTransform<typeof config, AsCategoryState>({
  id: "as-category",
  version: 1,
  summary: "Takes each number for the name of a category.",
  config,
  accepts: ["number"],
  fit: (frame) => ({
    columns: [...frame.columns.values()].map((column) => {
      const seen = new Set(Float32Array.from(numbersOf(column)).filter((value) => !Number.isNaN(value)));
      return Float32Array.from(seen).sort();
    }),
  }),
  apply: (frame, { columns }) =>
    createFrame(
      [...frame.columns].map(([name, column], k) => [`${name}.code`, coded(numbersOf(column), columns[k]!)]),
      frame.rows,
    ),
  emit: (graph, inputs, { columns }) =>
    inputs.map((input, k) => {
      const keys = columns[k]!;
      const value = graph.op("LabelEncoder", [input.value], {
        domain: "ai.onnx.ml",
        attributes: {
          keys_floats: { floats: Float32Array.from([...keys, Number.NaN]) },
          values_strings: { strings: [...Array.from(keys, String), ""] },
          default_string: { string: UNSEEN },
        },
      });
      return { name: `${input.name}.code`, kind: "category" as const, value };
    }),
});

function coded(values: ArrayLike<number>, keys: Float32Array): CategoryColumn {
  const codeOf = new Map(Array.from(keys, (key, code) => [key, code]));
  const codes = Int32Array.from(values, (value) =>
    Number.isNaN(value) ? -1 : (codeOf.get(Math.fround(value)) ?? keys.length),
  );
  return { kind: "category", codes, dictionary: [...Array.from(keys, String), UNSEEN] };
}

function numbersOf(column: Column): Float64Array | Float32Array {
  if (column.kind !== "number") throw new Error(`A ${column.kind} is no number.`);
  return column.values;
}
