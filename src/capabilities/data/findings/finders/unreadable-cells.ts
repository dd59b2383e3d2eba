import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import { shareField } from "../share-field.js";
import { unreadableEvidence } from "../unreadable-evidence.js";
import { quote, rowsOf } from "../wording.js";

export const unreadableCells = defineFinder({
  id: "unreadable-cells",
  version: 1,
  summary: "Cells that are no value of their column's kind",
  config: z.strictObject({
    warningShare: shareField(0.001, "Share of unreadable cells from which to warn"),
  }),
  find({ unreadable = [], profile }, { warningShare }) {
    const cells = unreadable.filter(({ kind }) => kind !== "image");
    return cells.map(({ column, kind, rows, examples }) => ({
      id: "unreadable-cells",
      severity: rows >= warningShare * profile.rows ? ("warning" as const) : ("info" as const),
      column,
      message: `${rowsOf(rows, profile.rows)} hold something in ${quote(column)} that is no ${kind}, such as ${examples
        .slice(0, 3)
        .map(({ row, value }) => `${quote(value)} in row ${row + 1}`)
        .join(", ")}. They are read as missing.`,
      evidence: unreadableEvidence({ rows, examples }, profile.rows),
      fix: {
        state: "applied" as const,
        action: "Correct these cells; if they mean missing, list them under `data.missing`.",
      },
    }));
  },
});
