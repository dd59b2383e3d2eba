import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import {
  categoryColumn,
  compareText,
  indexOfEach,
  lookupTable,
  rankedCategories,
} from "../shared/categories.js";
import { mapStrings } from "../shared/emission.js";

const config = z.strictObject({
  maximumCategories: z.number().int().min(1).default(100_000).register(fields, {
    title: "Most categories",
    help: "Only the commonest get a code; others are missing.",
  }),
  order: z
    .enum(["frequency", "text"])
    .default("frequency")
    .register(fields, { title: "Order of codes", help: "Commonest first, or by code unit." }),
});

interface OrdinalState {
  readonly columns: readonly { readonly categories: readonly string[] }[];
}

/** Codes 0..n-1 with their `categories`, as tree learners take them; missing and unseen values are NaN. */
export const ordinal = defineTransform<typeof config, OrdinalState>({
  id: "ordinal",
  version: 1,
  summary: "Numbers categories 0..n-1; missing and unseen values are NaN.",
  config,
  accepts: ["category"],
  fit: (frame, { maximumCategories, order }) => ({
    columns: [...frame.columns].map(([name, column]) => {
      const categories = rankedCategories(categoryColumn(name, column), maximumCategories);
      return { categories: order === "text" ? categories.sort(compareText) : categories };
    }),
  }),
  apply(frame, { columns }) {
    const encoded = [...frame.columns].map(([name, column], k) => {
      const source = categoryColumn(name, column);
      const { categories } = columns[k]!;
      const table = lookupTable(source, indexOfEach(categories), Number.NaN, Number.NaN);
      const values = new Float32Array(frame.rows);
      for (let row = 0; row < frame.rows; row++) values[row] = table[source.codes[row]! + 1]!;
      return [name, { kind: "number", values, categories }] as const;
    });
    return createFrame(encoded, frame.rows);
  },
  emit: (graph, inputs, { columns }) =>
    inputs.map((input, k) => {
      const { categories } = columns[k]!;
      const value = mapStrings(graph, input.value, categories, [...categories.keys()], Number.NaN);
      return { name: input.name, kind: "number", value };
    }),
});
