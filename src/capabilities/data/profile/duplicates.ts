import type { Table } from "../../../engines/table/index.js";
import type { ColumnProfile, Profile } from "../../../foundation/contracts/profile.js";
import { type ColumnSource, numberOf } from "./column-source.js";

const EXACT_ROWS = 1_000_000;
const STEP = 64;

/**
 * Rows equal in every column but row identifiers. In large tables only rows whose value in the most varied
 * column has one hash in 64 are compared: equal rows are in that subset together or not at all.
 */
export async function readDuplicates(
  table: Table,
  sources: readonly ColumnSource[],
  columns: readonly ColumnProfile[],
): Promise<Profile["duplicates"]> {
  const compared = sources.filter((_, i) => !isRowIdentifier(columns[i]!));
  if (table.rows < 2 || compared.length === 0) return { rows: 0, share: 0, twins: 0, exact: true };
  const varied = [...columns.keys()]
    .filter((i) => compared.includes(sources[i]!))
    .reduce(
      (best, i) => (columns[i]!.unique > columns[best]!.unique ? i : best),
      columns.findIndex((column) => !isRowIdentifier(column)),
    );
  const exact = table.rows <= EXACT_ROWS || columns[varied]!.unique < 100 * STEP;
  const where = exact ? "" : `WHERE hash(${sources[varied]!.cell}) % ${STEP} = 0`;
  const [row] = await table.query(
    `SELECT coalesce(sum(n - 1), 0)::DOUBLE AS repeats, coalesce(sum(n) FILTER (WHERE n > 1), 0)::DOUBLE AS twins
     FROM (SELECT count(*) AS n FROM data ${where} GROUP BY hash(${compared.map((source) => source.cell).join(", ")}))`,
  );
  const factor = exact ? 1 : STEP;
  const repeats = Math.min(table.rows - 1, numberOf(row!.repeats) * factor);
  const twins = Math.min(table.rows, numberOf(row!.twins) * factor);
  return { rows: repeats, share: repeats / table.rows, twins, exact };
}

function isRowIdentifier(column: ColumnProfile): boolean {
  return column.kind === "id" && column.missing === 0 && column.unique >= 0.97 * column.count;
}
