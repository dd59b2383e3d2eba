import type { Database } from "./database.js";
import type { TableFile } from "./open-table.js";

/**
 * Creates `target` from the files one after another: DuckDB keeps the order of rows within a statement over one
 * file, but may read several files in any order.
 */
export async function storeFiles<File extends TableFile>(
  database: Database,
  target: string,
  files: readonly File[],
  select: (file: File) => string,
): Promise<void> {
  for (const [index, file] of files.entries()) {
    const begin = index === 0 ? `CREATE OR REPLACE TABLE ${target} AS` : `INSERT INTO ${target}`;
    await database.run(`${begin} ${select(file)}`);
  }
}
