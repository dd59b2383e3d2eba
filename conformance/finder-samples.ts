/** Made tables as finders see them: written as a file and measured as any other. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measureTable } from "../src/capabilities/data/profile/profile-table.js";
import { openTable } from "../src/engines/table/index.js";
import type { ColumnKind, ColumnSchema } from "../src/foundation/contracts/column.js";
import type { ColumnRoles, FinderInput } from "../src/foundation/contracts/finder.js";
import type { TaskType } from "../src/foundation/contracts/target.js";

export type MadeCell = string | number | undefined;
export interface MadeTable {
  readonly [column: string]: { readonly kind: ColumnKind; readonly cells: readonly MadeCell[] };
}

const cellText = (cell: MadeCell): string =>
  cell === undefined ? "" : typeof cell === "string" ? `"${cell.replaceAll('"', '""')}"` : String(cell);

export async function measureMade(
  columns: MadeTable,
  { target, roles = {} }: { target?: { name: string; task: TaskType }; roles?: ColumnRoles } = {},
): Promise<FinderInput> {
  const names = Object.keys(columns);
  const rows = columns[names[0]!]!.cells.length;
  const lines = [names.map(cellText).join(",")];
  for (let row = 0; row < rows; row++)
    lines.push(names.map((name) => cellText(columns[name]!.cells[row])).join(","));
  const folder = mkdtempSync(join(tmpdir(), "quern-made-"));
  try {
    const path = join(folder, "made.csv");
    writeFileSync(path, `${lines.join("\n")}\n`);
    const table = await openTable({ format: "delimited", files: [{ path }] }, { threads: 1 });
    try {
      const schema: ColumnSchema[] = names.map((name) => ({
        name,
        kind: columns[name]!.kind,
        reason: "test",
      }));
      return await measureTable(table, schema, { ...(target && { target }), roles });
    } finally {
      await table.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
