import { z } from "zod";
import { createFrame } from "../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { categoryColumn, countCategories } from "../shared/categories.js";
import { mapStrings } from "../shared/emission.js";

interface FrequencyState {
  readonly columns: readonly {
    /** "" stands for missing. */
    readonly categories: readonly string[];
    /** Share of the training rows, in [0, 1]. */
    readonly shares: Float64Array;
  }[];
}

/** A category's share of the training rows; missing values count as a category, unseen ones are 0. */
export const frequency = defineTransform<z.ZodObject<Record<never, never>>, FrequencyState>({
  id: "frequency",
  version: 1,
  summary: "Replaces a category by its share of the training rows.",
  config: z.strictObject({}),
  accepts: ["category"],
  fit: (frame) => ({
    columns: [...frame.columns].map(([name, column]) => {
      const source = categoryColumn(name, column);
      const { counts, missing } = countCategories(source);
      const seen = Array.from(counts.keys()).filter((code) => counts[code]! > 0);
      const rows = Math.max(1, frame.rows);
      return {
        categories: ["", ...seen.map((code) => source.dictionary[code]!)],
        shares: Float64Array.from([missing, ...seen.map((code) => counts[code]!)], (count) => count / rows),
      };
    }),
  }),
  apply(frame, { columns }) {
    const encoded = [...frame.columns].map(([name, column], k) => {
      const source = categoryColumn(name, column);
      const { categories, shares } = columns[k]!;
      const known = new Map(categories.map((value, index) => [value, shares[index]!]));
      const table = Float32Array.from(source.dictionary, (value) => known.get(value) ?? 0);
      const missing = known.get("") ?? 0;
      const values = Float32Array.from(source.codes, (code) => (code < 0 ? missing : table[code]!));
      return [name, { kind: "number", values }] as const;
    });
    return createFrame(encoded, frame.rows);
  },
  emit: (graph, inputs, { columns }) =>
    inputs.map((input, k) => {
      const { categories, shares } = columns[k]!;
      return {
        name: input.name,
        kind: "number",
        value: mapStrings(graph, input.value, categories, shares, 0),
      };
    }),
});
