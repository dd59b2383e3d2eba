import { join } from "node:path";
import { quoteIdentifier, quoteText, type Table } from "./table.js";

/**
 * Writes the columns as they are stored, in source order, to a Parquet file (Zstandard) in the table's temporary
 * folder, which goes with the table; opening the file gives an equal table.
 */
export async function writeParquet(table: Table): Promise<string> {
  const path = join(table.temporaryFolder, "table.parquet");
  const names = table.columns.map((column) => quoteIdentifier(column.name)).join(", ");
  await table.query(
    `COPY (SELECT ${names} FROM data ORDER BY ${quoteIdentifier(table.rowColumn)})
     TO ${quoteText(path)} (FORMAT parquet, COMPRESSION zstd)`,
  );
  return path;
}
