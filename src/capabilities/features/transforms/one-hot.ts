import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import {
  categoryColumn,
  compareText,
  countCategories,
  indexOfEach,
  lookupTable,
  rankedCategories,
} from "../shared/categories.js";

const config = z.strictObject({
  maximumCategories: z
    .number()
    .int()
    .min(1)
    .default(1000)
    .register(fields, { title: "Most categories", help: "Only the commonest get a column of their own." }),
  missing: z.enum(["zeros", "seen"]).default("seen").register(fields, {
    title: "Missing values",
    help: "`seen`: a column of their own if any was missing in training; `zeros`: no column.",
  }),
});

interface OneHotState {
  readonly columns: readonly {
    /** In code unit order; "" (missing) last where it has a column. */
    readonly categories: readonly string[];
  }[];
}

/** One 0/1 column for each category: a vector `city` with the names `city=Paris`. Unseen values are all zero. */
export const oneHot = defineTransform<typeof config, OneHotState>({
  id: "one-hot",
  version: 1,
  summary: "One 0/1 column for each category; unseen values are all zero.",
  config,
  accepts: ["category"],
  fit: (frame, { maximumCategories, missing }) => ({
    columns: [...frame.columns].map(([name, column]) => {
      const source = categoryColumn(name, column);
      const categories = rankedCategories(source, maximumCategories).sort(compareText);
      const marks = missing === "seen" && countCategories(source).missing > 0;
      return { categories: marks ? [...categories, ""] : categories };
    }),
  }),
  apply(frame, { columns }) {
    const encoded = [...frame.columns].flatMap(([name, column], k) => {
      const source = categoryColumn(name, column);
      const { categories } = columns[k]!;
      const width = categories.length;
      if (width === 0) return [];
      const index = indexOfEach(categories);
      const positions = lookupTable(source, index, -1, index.get("") ?? -1);
      const values = new Float32Array(frame.rows * width);
      for (let row = 0; row < frame.rows; row++) {
        const position = positions[source.codes[row]! + 1]!;
        if (position >= 0) values[row * width + position] = 1;
      }
      const names = categories.map((category) => `${name}=${category === "" ? "(missing)" : category}`);
      return [[name, { kind: "vector", values, width, names }] as const];
    });
    return createFrame(encoded, frame.rows);
  },
  emit: (graph, inputs, { columns }) =>
    inputs.flatMap((input, k) => {
      const { categories } = columns[k]!;
      const width = categories.length;
      if (width === 0) return [];
      const encoded = graph.op("OneHotEncoder", [input.value], {
        domain: "ai.onnx.ml",
        attributes: { cats_strings: { strings: categories }, zeros: { int: 1 } },
      });
      const axis = graph.constant("int64", [1], [1]);
      return [{ name: input.name, kind: "vector" as const, value: graph.op("Squeeze", [encoded, axis]) }];
    }),
});
