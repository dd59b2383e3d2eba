import { z } from "zod";
import { defineDetector } from "../../../../foundation/contracts/detector.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { quantileOfSorted } from "../../profile/statistics/ranks.js";
import { featureColumns } from "../columns.js";
import { formatNumber, quote, rowsOf } from "../wording.js";

/** 1 / 0.6745: makes the median absolute deviation of a normal sample its standard deviation. */
const NORMAL_SCALE = 1.4826;

export const outliers = defineDetector({
  id: "outliers",
  version: 1,
  summary: "Numbers very far from all others",
  config: z.strictObject({
    robustDeviations: z.number().min(3).default(12).register(fields, {
      title: "Distance from the median",
      unit: "robust standard deviations",
      help: "Of the values, or of their logarithms where the column is skewed.",
    }),
    maximumShare: z
      .number()
      .min(0)
      .max(1)
      .default(0.01)
      .register(fields, { title: "Share from which far values are a long tail, not outliers" }),
  }),
  detect(input, { robustDeviations, maximumShare }) {
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (column.kind !== "number" || profile.number === undefined || profile.unique <= 10) continue;
      const known = input.sample.filter((row) => Number.isFinite(column.values[row]!));
      if (known.length < 50) continue;
      const values = Float64Array.from(known, (row) => column.values[row]!);
      const far = farPositions(values, robustDeviations);
      if (far.length === 0 || far.length > maximumShare * values.length) continue;
      const extremes = far.map((i) => values[i]!).sort((a, b) => Math.abs(b) - Math.abs(a));
      const { p05, p50, p95 } = profile.number.quantiles;
      findings.push({
        id: "outliers",
        severity: "info",
        column: profile.name,
        message: `${rowsOf(far.length, values.length)} have a value of ${quote(profile.name)} far from all others, such as ${extremes.slice(0, 3).map(formatNumber).join(", ")}; nine in ten are between ${formatNumber(p05)} and ${formatNumber(p95)}. They may be errors, or the rare cases that matter.`,
        evidence: {
          rows: far.length,
          share: far.length / values.length,
          sampleRows: values.length,
          examples: extremes.slice(0, 5),
          rowNumbers: far.slice(0, 5).map((i) => known[i]! + 1),
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

/**
 * Positions beyond the limit on the plain scale and, where all values have one sign and are skewed, on the
 * logarithmic scale as well, so that a long tail is not mistaken for errors. None when the spread is zero.
 */
function farPositions(values: Float64Array, limit: number): number[] {
  const plain = robustDistances(values);
  let far = [...plain.keys()].filter((i) => plain[i]! > limit);
  if (far.length > 0 && values.every((value) => value >= 0)) {
    const logarithmic = robustDistances(values.map(Math.log1p));
    far = far.filter((i) => logarithmic[i]! > limit / 2);
  }
  return far;
}

function robustDistances(values: Float64Array): Float64Array {
  const median = quantileOfSorted(values.toSorted(), 0.5);
  const distances = values.map((value) => Math.abs(value - median));
  const spread = NORMAL_SCALE * quantileOfSorted(distances.toSorted(), 0.5);
  return spread > 0 ? distances.map((distance) => distance / spread) : distances.fill(0);
}
