import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Finding } from "../../../../foundation/contracts/finding.js";
import type { Column } from "../../../../foundation/contracts/frame.js";
import type { ColumnProfile } from "../../../../foundation/contracts/profile.js";
import { featureColumns } from "../columns.js";
import { quote } from "../wording.js";

export const idLikeColumns = defineFinder({
  id: "id-like-column",
  version: 1,
  summary: "Columns that name the row instead of describing it",
  config: z.strictObject({
    minimumRows: z
      .number()
      .int()
      .min(2)
      .default(50)
      .register(fields, { title: "Rows below which unique values may be chance", unit: "rows" }),
  }),
  find(input, { minimumRows }) {
    if (input.profile.rows < minimumRows) return [];
    const findings: Finding[] = [];
    for (const { profile, column } of featureColumns(input)) {
      const evidence = namesRows(profile, column, input.sample);
      if (!evidence) continue;
      findings.push({
        id: "id-like-column",
        severity: "warning",
        column: profile.name,
        message: `Column ${quote(profile.name)} has another value in every row (${evidence}), so it names the row. A model would learn it by heart and know nothing of new rows.`,
        evidence: { unique: profile.unique, count: profile.count, shape: evidence },
        fix: { state: "proposed", action: `Set \`data.id: ${profile.name}\` or leave the column out.` },
      });
    }
    return findings;
  },
});

/** A space between them, or what scripts without spaces write only in sentences: more characters than a name has, or their marks. */
const WORDS = /\s|[，。！？；：、]|[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}]{7}/u;

/** Words for what makes it an identifier; undefined when it is not one. */
function namesRows(profile: ColumnProfile, column: Column, sample: Int32Array): string | undefined {
  const distinct = profile.uniqueExact
    ? profile.unique === profile.count
    : profile.unique > 0.97 * profile.count;
  if (!distinct || profile.missing > 0) return undefined;
  if (profile.number && column.kind === "number") {
    const { min, max } = profile.number;
    if (!Array.from(sample.subarray(0, 2000)).every((row) => Number.isInteger(column.values[row]!)))
      return undefined;
    // A measurement that is unique by chance leaves gaps; a counter does not.
    return max - min < 1.05 * profile.count ? "consecutive whole numbers" : undefined;
  }
  if (profile.kind === "category") return "as many categories as rows";
  if (profile.kind === "text" && column.kind === "text" && profile.text!.maxLength <= 64) {
    const hasWords = Array.from(sample.subarray(0, 2000)).some((row) => WORDS.test(column.values[row]!));
    return hasWords ? undefined : "one short word each";
  }
  return undefined;
}
