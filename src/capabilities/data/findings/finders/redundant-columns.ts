import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { quote } from "../wording.js";

export const redundantColumns = defineFinder({
  id: "redundant-column",
  version: 1,
  summary: "Columns that say the same as another",
  config: z.strictObject({
    correlation: shareField(0.9995, "Correlation from which two columns say the same", 0.9),
  }),
  find(input, { correlation: limit }) {
    const unique = new Map(featureColumns(input).map(({ profile }) => [profile.name, profile.unique]));
    return (
      input.profile.correlations
        .filter(({ first, second }) => unique.has(first) && unique.has(second))
        .filter(({ value }) => Math.abs(value) >= limit)
        // A category always determines some number; only with as many values do both say the same.
        .filter(
          ({ first, second, measure }) =>
            measure !== "correlation-ratio" || unique.get(first) === unique.get(second),
        )
        .filter(
          ({ measure, first, second }, _, all) =>
            measure !== "spearman" ||
            !all.some(
              (other) => other.measure === "pearson" && other.first === first && other.second === second,
            ),
        )
        .map(({ first, second, measure, value }) => ({
          id: "redundant-column",
          severity: "info" as const,
          column: second,
          message: `Column ${quote(second)} says the same as ${quote(first)} (${measure} ${value.toFixed(4)}); importances will be shared between them.`,
          evidence: { other: first, measure, value },
          fix: { state: "proposed" as const, action: "Keep one of the two; predictions stay the same." },
        }))
    );
  },
});
