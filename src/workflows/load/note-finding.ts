import type { TableNote } from "../../engines/table/index.js";
import type { Finding } from "../../foundation/contracts/finding.js";

/** What was decided while a source was opened, as a finding whose message says what was done. */
export function noteFinding(note: TableNote): Finding {
  return {
    id: note.id,
    severity: "info",
    ...(note.column === undefined ? {} : { column: note.column }),
    message: note.message,
    evidence: {},
    fix: { state: "applied", action: "" },
  };
}
