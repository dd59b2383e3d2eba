import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import { profileExpectsEqualRows, rowNumbers } from "../columns.js";
import { contentKeys, rowsWithEqualKey } from "../row-content.js";
import { shareField } from "../share-field.js";
import { formatCount, rowsOf } from "../wording.js";

export const duplicateRows = defineFinder({
  id: "duplicate-rows",
  version: 1,
  summary: "Rows that repeat an earlier row in every column",
  config: z.strictObject({
    warningShare: shareField(0.01, "Share of repeated rows from which to warn"),
  }),
  find(input, { warningShare }) {
    const { rows, share, twins } = input.profile.duplicates;
    if (rows === 0) return [];
    const expected = profileExpectsEqualRows(input);
    const keys = contentKeys(input.frame, [...input.frame.columns.keys()]);
    const examples = rowsWithEqualKey(keys).slice(0, 3).flat();
    const meaning = expected
      ? "The columns offer few combinations of values, so equal rows are to be expected."
      : "If they are copies, they count double in training, and a score is too good where copies are on both sides of a split; if they are separate observations that look alike, they may stay.";
    return [
      {
        id: "duplicate-rows",
        severity: share >= warningShare && !expected ? "warning" : "info",
        message: `${rowsOf(rows, input.profile.rows)} repeat an earlier row in every column${twins > rows + 1 ? `; ${formatCount(twins)} have a twin` : ""}. ${meaning}`,
        evidence: { rows, share, rowsWithTwin: twins, ...rowNumbers(input, examples) },
        fix: {
          state: expected ? "none" : "proposed",
          action: expected
            ? "Equal rows stay in one part of the split."
            : "Equal rows stay in one part of the split, and training counts each once. If they are separate observations, set `cleaning.duplicates: false`.",
        },
      },
    ];
  },
});
