import { readFrame } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Document } from "../../foundation/contracts/document.js";
import { columnOf } from "../../foundation/contracts/frame.js";
import type { Feedback } from "../../foundation/contracts/monitoring-store.js";
import type { WorkflowContext } from "../context.js";
import { openRows, type ReadingOptions } from "../use/reading.js";

/**
 * Labels from a file: `id` (of the prediction), `actual`, `label` or the target's own column, and `time` where it is known
 * when the truth became known; otherwise that is now. Rows without a truth are left out.
 * @throws QuernError DATA_COLUMN_UNKNOWN
 */
export async function readLabels(
  source: string,
  document: Document,
  reading: ReadingOptions,
  context: WorkflowContext,
): Promise<readonly Feedback[]> {
  const data = await openRows(source, reading, context);
  try {
    const names = data.table.columns.map(({ name }) => name);
    const target = typeof document.target === "string" ? document.target : undefined;
    const actual = ["actual", "label", target].find((name) => name !== undefined && names.includes(name));
    if (!names.includes("id") || actual === undefined) {
      throw new QuernError(
        "DATA_COLUMN_UNKNOWN",
        `Labels need the columns id and actual or label; ${data.description} has ${names.slice(0, 20).join(", ")}.`,
        { details: { columns: names.slice(0, 100) } },
      );
    }
    const timed = names.includes("time");
    const schema: ColumnSchema[] = [
      { name: "id", kind: "id", reason: "names the prediction" },
      { name: actual, kind: "id", reason: "what turned out true" },
      ...(timed ? [{ name: "time", kind: "datetime" as const, reason: "when it became known" }] : []),
    ];
    const frame = await readFrame(data.table, schema);
    const [ids, truths] = [columnOf(frame, "id"), columnOf(frame, actual)];
    const times = timed ? columnOf(frame, "time") : undefined;
    if (ids.kind !== "id" || truths.kind !== "id") throw new Error("Labels were not read as texts.");
    const now = context.clock.now();
    return ids.values.flatMap((id, row) => {
      const observedAt = times?.kind === "datetime" ? times.values[row]! : now;
      const known = id !== "" && truths.values[row] !== "";
      return known
        ? [{ id, actual: truths.values[row]!, observedAt: Number.isNaN(observedAt) ? now : observedAt }]
        : [];
    });
  } finally {
    await data.close();
  }
}
