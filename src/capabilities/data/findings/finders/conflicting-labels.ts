import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import type { Target } from "../../../../foundation/contracts/target.js";
import { featureColumns, profileExpectsEqualRows, rowNumbers } from "../columns.js";
import { contentKeys, rowsWithEqualKey } from "../row-content.js";
import { shareField } from "../share-field.js";
import { rows, rowsOf } from "../wording.js";

/** Of a few rows in thousands nothing follows. */
const NEGLIGIBLE_SHARE = 0.001;

export const conflictingLabels = defineFinder({
  id: "conflicting-labels",
  version: 1,
  summary: "Rows with equal features and different targets",
  config: z.strictObject({
    warningShare: shareField(0.02, "Share of contradicting rows from which to warn"),
  }),
  find(input, { warningShare }) {
    const { target, frame } = input;
    // Where few combinations exist, differing outcomes are the nature of the task, not an error.
    if (!target || target.values.task === "regression" || profileExpectsEqualRows(input)) return [];
    const names = featureColumns(input).map(({ profile }) => profile.name);
    if (names.length === 0) return [];
    const values = target.values;
    const conflicts = rowsWithEqualKey(contentKeys(frame, names))
      .map((members) => members.filter((row) => values.codes[row]! >= 0))
      .filter((members) => new Set(members.map((row) => values.codes[row])).size > 1);
    const contradicting = conflicts.reduce((sum, members) => sum + members.length, 0);
    const share = contradicting / frame.rows;
    if (share < NEGLIGIBLE_SHARE || contradicting === 0) return [];
    const wrong = conflicts.reduce((sum, members) => sum + members.length - commonest(members, values), 0);
    return [
      {
        id: "conflicting-labels",
        severity: share >= warningShare ? "warning" : "info",
        message: `${rowsOf(contradicting, frame.rows)} have the same features as another row but another ${JSON.stringify(target.name)}. No model can be right on all of them: at least ${rows(wrong)} must come out wrong.`,
        evidence: {
          rows: contradicting,
          share,
          unavoidableErrors: wrong,
          ...rowNumbers(input, conflicts.slice(0, 3).flat()),
        },
        fix: {
          state: "proposed",
          action:
            "Check the labels of these rows, or add the column that tells them apart; `cleaning.conflicts: true` removes them from the training rows.",
        },
      },
    ];
  },
});

function commonest(rows: readonly number[], target: Extract<Target, { codes: Int32Array }>): number {
  const counts = new Map<number, number>();
  for (const row of rows) counts.set(target.codes[row]!, (counts.get(target.codes[row]!) ?? 0) + 1);
  return Math.max(...counts.values());
}
