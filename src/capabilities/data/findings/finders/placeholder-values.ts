import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { featureColumns, rowsForRareValues } from "../columns.js";
import { formatNumber, quote, rows, rowsOf } from "../wording.js";

export const placeholderValues = defineFinder({
  id: "placeholder-value",
  version: 1,
  summary: "Numbers such as -999 or 99999 that stand for something else",
  config: z.strictObject({
    minimumRows: z
      .number()
      .int()
      .min(2)
      .default(3)
      .register(fields, { title: "Rows that must hold the value", unit: "rows" }),
  }),
  find(input, { minimumRows }) {
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      if (column.kind !== "number" || !profile.number || profile.unique <= 10) continue;
      const { min, max, quantiles } = profile.number;
      const spread = quantiles.p95 - quantiles.p05;
      for (const extreme of [min, max]) {
        if (!/^-?9{3,}(\.9+)?$/.test(String(extreme))) continue;
        const looked = rowsForRareValues(input);
        const held = looked.filter((row) => column.values[row] === extreme);
        const nearest = nearestOther(column.values, looked, extreme);
        // A placeholder stands apart from the real values; 999 among 998 and 1001 does not.
        if (held.length < minimumRows || Math.abs(extreme - nearest) < Math.max(1, spread)) continue;
        findings.push({
          id: "placeholder-value",
          severity: "warning",
          column: profile.name,
          message: `Column ${quote(profile.name)} holds ${formatNumber(extreme)} in ${looked.length === input.profile.rows ? rows(held.length) : rowsOf(held.length, looked.length)}, far from the next value, ${formatNumber(nearest)}. It looks like a code for "unknown" or "at least", not a measurement.`,
          evidence: { value: extreme, rows: held.length, nearest, sampleRows: looked.length },
          fix: {
            state: "proposed",
            action: `If it means unknown, add "${extreme}" to \`data.missing\`.`,
          },
        });
      }
    }
    return findings;
  },
});

function nearestOther(values: ArrayLike<number>, rows: Int32Array, value: number): number {
  let nearest = Number.NaN;
  for (const row of rows) {
    const other = values[row]!;
    if (!Number.isFinite(other) || other === value) continue;
    if (!(Math.abs(nearest - value) <= Math.abs(other - value))) nearest = other;
  }
  return nearest;
}
