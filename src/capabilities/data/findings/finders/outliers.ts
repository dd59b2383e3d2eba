import { z } from "zod";
import { gather } from "../../../../foundation/base/gather.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { featureColumns, rowNumbers, rowsForRareValues } from "../columns.js";
import { farValues } from "../far-values.js";
import { shareField } from "../share-field.js";
import { formatCount, formatNumber, quote } from "../wording.js";

export const outliers = defineFinder({
  id: "outliers",
  version: 1,
  summary: "Numbers very far from all others",
  config: z.strictObject({
    robustDeviations: z.number().min(3).default(12).register(fields, {
      title: "Distance from the median",
      unit: "robust standard deviations",
      help: "Of the values, or of their logarithms where the column is skewed.",
    }),
    maximumShare: shareField(0.01, "Share from which far values are a long tail, not outliers"),
  }),
  find(input, { robustDeviations, maximumShare }) {
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (column.kind !== "number" || profile.number === undefined || profile.unique <= 10) continue;
      const known = rowsForRareValues(input).filter((row) => Number.isFinite(column.values[row]!));
      if (known.length < 50) continue;
      const values = gather(column.values, known);
      const far = farValues(values, robustDeviations);
      if (far.length === 0 || far.length > maximumShare * values.length) continue;
      const extremes = far.map((i) => values[i]!).sort((a, b) => Math.abs(b) - Math.abs(a));
      const { p05, p50, p95 } = profile.number.quantiles;
      findings.push({
        id: "outliers",
        severity: "info",
        column: profile.name,
        message: `${far.length === 1 ? "One value" : `${formatCount(far.length)} values`} of ${quote(profile.name)} ${far.length === 1 ? "lies" : "lie"} far from all others: ${[...new Set(extremes)].slice(0, 3).map(formatNumber).join(", ")}; nine in ten are between ${formatNumber(p05)} and ${formatNumber(p95)}. An error, or the rare case that matters.`,
        evidence: {
          rows: far.length,
          share: far.length / values.length,
          sampleRows: values.length,
          examples: extremes.slice(0, 5),
          ...rowNumbers(
            input,
            far.map((i) => known[i]!),
          ),
          median: p50,
        },
        fix: {
          state: "proposed",
          action: "Check these rows. Trees are hardly affected; for linear models add a `clip` transform.",
        },
      });
    }
    return findings;
  },
});
