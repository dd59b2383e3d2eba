import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { featureColumns, textOf } from "../columns.js";
import { shareField } from "../share-field.js";
import { percent, quote } from "../wording.js";

const NUMBER = /^[\s$€£¥]*[-+]?(\d[\d,  ]*\.?\d*|\.\d+)([eE][-+]?\d+)?\s*%?$/;

export const mixedTypes = defineFinder({
  id: "mixed-types",
  version: 1,
  summary: "Columns of numbers with some texts among them",
  config: z.strictObject({
    minimumNumberShare: shareField(0.6, "Share of numbers from which texts are strangers", 0.5),
    minimumDistinct: z.number().int().default(10).register(fields, {
      title: "Distinct numbers needed",
      help: "A few codes and a word are a category, not a mixture.",
    }),
  }),
  find(input, { minimumNumberShare, minimumDistinct }) {
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (column.kind !== "category" && column.kind !== "text") continue;
      const strangers = new Map<string, number>();
      const numbers = new Set<string>();
      let numeric = 0;
      let total = 0;
      for (const row of input.sample) {
        const text = textOf(column, row);
        if (text === "") continue;
        total++;
        if (NUMBER.test(text)) {
          numeric++;
          numbers.add(text);
        } else strangers.set(text, (strangers.get(text) ?? 0) + 1);
      }
      if (numeric === total || numeric < minimumNumberShare * total || numbers.size < minimumDistinct)
        continue;
      const common = [...strangers].sort((a, b) => b[1] - a[1]).slice(0, 5);
      const share = (total - numeric) / total;
      findings.push({
        id: "mixed-types",
        severity: "warning",
        column: profile.name,
        message: `Column ${quote(profile.name)} holds numbers in ${percent(1 - share)} of its values and texts such as ${common
          .slice(0, 3)
          .map(([text]) => quote(text))
          .join(", ")} in the rest, so it was read as ${profile.kind}.`,
        evidence: {
          numberShare: numeric / total,
          texts: common.map(([value, count]) => ({ value, count })),
          sampleRows: total,
        },
        fix: {
          state: "proposed",
          action:
            "If the texts mean missing, list them under `data.missing`; then the column is read as numbers.",
        },
      });
    }
    return findings;
  },
});
