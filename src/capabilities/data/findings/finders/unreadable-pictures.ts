import { z } from "zod";
import { defineFinder } from "../../../../foundation/contracts/finder.js";
import { unreadableEvidence } from "../unreadable-evidence.js";
import { quote, rowsOf } from "../wording.js";

export const unreadablePictures = defineFinder({
  id: "unreadable-pictures",
  version: 1,
  summary: "Rows whose picture cannot be read",
  config: z.strictObject({}),
  find({ unreadable = [], profile }) {
    return unreadable
      .filter(({ kind }) => kind === "image")
      .map(({ column, rows, examples, looked = profile.rows }) => ({
        id: "unreadable-pictures",
        severity: "warning" as const,
        column,
        message: `${rowsOf(rows, looked)} have no picture in ${quote(column)} that can be read: ${examples
          .map(({ row, value }) => `row ${row + 1}, ${value}`)
          .join("; ")}${rows > examples.length ? "; …" : ""}. They are left out.`,
        evidence: unreadableEvidence({ rows, examples }, looked),
        fix: {
          state: "applied" as const,
          action: "Save these pictures again as JPEG or PNG, or remove the rows.",
        },
      }));
  },
});
