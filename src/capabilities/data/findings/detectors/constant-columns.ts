import { z } from "zod";
import { defineDetector } from "../../../../foundation/contracts/detector.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { featureColumns } from "../columns.js";
import { percent, quote, rowsOf } from "../wording.js";

export const constantColumns = defineDetector({
  id: "constant-column",
  version: 1,
  summary: "Columns with one value, or nearly",
  config: z.strictObject({
    nearShare: z
      .number()
      .min(0.5)
      .max(1)
      .default(0.995)
      .register(fields, { title: "Share of one value from which a column is nearly constant" }),
  }),
  detect(input, { nearShare }) {
    const total = input.profile.rows;
    if (total < 2) return [];
    const findings: Finding[] = [];
    for (const { profile } of featureColumns(input)) {
      const column = profile.name;
      const only = profile.top?.[0];
      if (profile.count === 0) continue;
      if (profile.unique === 1 && profile.missing === 0) {
        findings.push({
          id: "constant-column",
          severity: "warning",
          column,
          message: `Column ${quote(column)} has one value in every row${only ? `, ${quote(only.value)}` : ""}; a model cannot learn from it.`,
          evidence: { unique: 1, ...(only && { value: only.value }) },
          fix: { state: "proposed", action: "Leave the column out, or check why it never changes." },
        });
      } else if (
        only &&
        profile.topSampleRows === undefined &&
        only.count >= nearShare * profile.count &&
        profile.unique > 1
      ) {
        const share = only.count / profile.count;
        findings.push({
          id: "near-constant-column",
          severity: "info",
          column,
          message: `Column ${quote(column)} is ${quote(only.value)} in ${percent(share)} of its values; only ${rowsOf(profile.count - only.count, total)} differ.`,
          evidence: { value: only.value, share, others: profile.count - only.count },
          fix: {
            state: "none",
            action: "It does no harm; leave it out if the rare values carry no meaning.",
          },
        });
      }
    }
    return findings;
  },
});
