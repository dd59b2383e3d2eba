import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { type Column, createFrame } from "../../../foundation/contracts/frame.js";
import { defineTransform } from "../../../foundation/contracts/transform.js";
import { categoryColumn, compareText, countCategories } from "../shared/categories.js";

const config = z.strictObject({
  minimumShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .register(fields, {
      title: "Smallest share",
      help: "Categories with a smaller share of the rows that have a value are grouped.",
      tune: { low: 0.0001, high: 0.05, scale: "log" },
    }),
  minimumRows: z.number().int().min(1).default(1).register(fields, {
    title: "Fewest rows",
    unit: "rows",
    help: "Categories with fewer rows are grouped.",
  }),
  maximumCategories: z.number().int().min(1).default(1000).register(fields, {
    title: "Most categories",
    help: "Beyond the commonest ones, categories are grouped.",
  }),
});

interface RareState {
  readonly columns: readonly {
    /** In code unit order. */
    readonly kept: readonly string[];
    /** What every other value becomes, also values never seen. */
    readonly other: string;
  }[];
}

/** Groups rare categories, and later ones never seen, as `(other)`. Missing values stay missing. */
export const rare = defineTransform<typeof config, RareState>({
  id: "rare",
  version: 1,
  summary: "Groups rare and unseen categories as `(other)`.",
  config,
  accepts: ["category"],
  fit: (frame, settings) => ({
    columns: [...frame.columns].map(([name, column]) => fitColumn(name, column, settings)),
  }),
  apply(frame, { columns }) {
    const grouped = [...frame.columns].map(([name, column], k) => {
      const source = categoryColumn(name, column);
      const { kept, other } = columns[k]!;
      const dictionary = [...kept, other];
      const index = new Map(kept.map((value, code) => [value, code]));
      const table = source.dictionary.map((value) => index.get(value) ?? kept.length);
      const codes = source.codes.map((code) => (code < 0 ? -1 : table[code]!));
      return [name, { kind: "category", codes, dictionary }] as const;
    });
    return createFrame(grouped, frame.rows);
  },
  emit: (graph, inputs, { columns }) =>
    inputs.map((input, k) => {
      const { kept, other } = columns[k]!;
      const strings = [...kept, ""];
      const value = graph.op("LabelEncoder", [input.value], {
        domain: "ai.onnx.ml",
        attributes: {
          keys_strings: { strings },
          values_strings: { strings },
          default_string: { string: other },
        },
      });
      return { ...input, value };
    }),
});

function fitColumn(
  name: string,
  column: Column,
  settings: z.infer<typeof config>,
): RareState["columns"][number] {
  const source = categoryColumn(name, column);
  const { counts, missing } = countCategories(source);
  const least = Math.max(settings.minimumRows, settings.minimumShare * (source.codes.length - missing), 1);
  const kept = Array.from(counts.keys())
    .filter((code) => counts[code]! >= least)
    .sort((a, b) => counts[b]! - counts[a]! || compareText(source.dictionary[a]!, source.dictionary[b]!))
    .slice(0, settings.maximumCategories)
    .map((code) => source.dictionary[code]!)
    .sort(compareText);
  let other = "(other)";
  while (source.dictionary.includes(other)) other = `(${other})`;
  return { kept, other };
}
