import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import { featureColumns } from "../columns.js";
import { formatCount, quote } from "../wording.js";

export const highCardinality = defineFinder({
  id: "high-cardinality",
  version: 1,
  summary: "Categories with very many values",
  config: z.strictObject({
    values: z
      .number()
      .int()
      .min(10)
      .default(100)
      .register(fields, { title: "Distinct values from which to look" }),
    rowsPerValue: z
      .number()
      .min(1)
      .default(20)
      .register(fields, { title: "Rows a value below which values are too thin", unit: "rows" }),
  }),
  find(input, { values, rowsPerValue }) {
    return featureColumns(input)
      .filter(({ profile }) => profile.kind === "category" && profile.unique >= values)
      .filter(
        ({ profile }) => profile.count / profile.unique < rowsPerValue && profile.unique < profile.count,
      )
      .map(({ profile }) => ({
        id: "high-cardinality",
        severity: "info" as const,
        column: profile.name,
        message: `Column ${quote(profile.name)} has ${formatCount(profile.unique)} categories, on average ${(profile.count / profile.unique).toFixed(1)} rows each: too few to learn most of them, and new ones will come.`,
        evidence: { unique: profile.unique, count: profile.count },
        fix: {
          state: "applied" as const,
          action:
            "Rare categories are grouped and the column is encoded by the target out of fold, or by frequency.",
        },
      }));
  },
});
