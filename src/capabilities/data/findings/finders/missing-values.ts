import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import { featureColumns } from "../columns.js";
import { shareField } from "../share-field.js";
import { quote, rowsOf } from "../wording.js";

export const missingValues = defineFinder({
  id: "high-missingness",
  version: 1,
  summary: "Columns with few values or none",
  config: z.strictObject({
    infoShare: shareField(0.2, "Share worth mentioning"),
    warningShare: shareField(0.5, "Share from which to warn"),
  }),
  find(input, { infoShare, warningShare }) {
    const total = input.profile.rows;
    const findings: Finding[] = [];
    // A column without any value has no other kind, unless one was said, and is in no frame.
    const empty = input.profile.columns.filter(
      ({ kind, missing }) => kind === "ignore" && total > 0 && missing === total,
    );
    if (empty.length > 0) findings.push(leftOut(empty.map(({ name }) => name)));
    for (const { profile } of featureColumns(input)) {
      const { name: column, missing, missingShare } = profile;
      if (total === 0 || missingShare < infoShare) continue;
      const empty = missing === total;
      findings.push({
        id: empty ? "empty-column" : "high-missingness",
        severity: missingShare >= warningShare ? "warning" : "info",
        column,
        message: empty
          ? `Column ${quote(column)} has no value at all.`
          : `Column ${quote(column)} has no value in ${rowsOf(missing, total)}.`,
        evidence: { missing, share: missingShare },
        fix: {
          state: "proposed",
          action: empty
            ? "Leave the column out, or check how it was exported."
            : "Models fill or branch on missing values by themselves; check whether the gap has a cause, and leave the column out if it will never be filled.",
        },
      });
    }
    return findings;
  },
});

function leftOut(names: readonly string[]): Finding {
  const listed = names.slice(0, 8).map(quote).join(", ");
  const more = names.length > 8 ? ` and ${names.length - 8} more` : "";
  const one = names.length === 1;
  return {
    id: "empty-column",
    severity: "info",
    ...(one ? { column: names[0]! } : {}),
    message: one
      ? `Column ${listed} has no value at all, so it is left out.`
      : `${names.length} columns have no value at all, so they are left out: ${listed}${more}.`,
    evidence: { columns: names.slice(0, 200) },
    fix: {
      state: "applied",
      action:
        "If there should be values, check how the data was exported; formulas need their results saved.",
    },
  };
}
