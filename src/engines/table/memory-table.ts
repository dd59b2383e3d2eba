import { QuernError } from "../../foundation/base/errors.js";
import type { Database } from "./database.js";
import {
  type QueryRow,
  quoteIdentifier,
  type StorageType,
  type Table,
  type TableColumn,
  type TableNote,
} from "./table.js";

/** The stored rows; `data` is a view of them with the row number. */
export const STORED = "stored";

const databases = new WeakMap<Table, Database>();

/** Rows of `stored`, seen through the view `data`. DuckDB numbers stored rows in the order they were loaded. */
export async function createTable(
  database: Database,
  columns: readonly TableColumn[],
  notes: readonly TableNote[],
): Promise<Table> {
  const rowColumn = unusedName("__row", columns);
  const names = columns.map((column) => quoteIdentifier(column.name)).join(", ");
  await database.run(
    `CREATE VIEW data AS SELECT ${names}, rowid AS ${quoteIdentifier(rowColumn)} FROM ${STORED}`,
  );
  const [counted] = await database.query(`SELECT count(*) AS rows FROM ${STORED}`);
  const table: Table = {
    rows: counted!.rows as number,
    columns,
    notes,
    rowColumn,
    temporaryFolder: database.folder,
    query: (sql: string, parameters?: readonly unknown[]): Promise<QueryRow[]> =>
      database.query(sql, parameters),
    close: () => database.close(),
  };
  databases.set(table, database);
  return table;
}

function unusedName(wanted: string, columns: readonly TableColumn[]): string {
  // Names of DuckDB differ in more than case.
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  let name = wanted;
  while (taken.has(name)) name += "_";
  return name;
}

/** The engine behind a table of this folder. */
export function databaseOf(table: Table): Database {
  const database = databases.get(table);
  if (!database) throw new Error("The table was not opened by openTable.");
  return database;
}

/** @throws QuernError DATA_COLUMN_UNKNOWN */
export function storageOf(table: Table, name: string): StorageType {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column) return column.storage;
  const known = table.columns.map((candidate) => candidate.name);
  throw new QuernError(
    "DATA_COLUMN_UNKNOWN",
    `There is no column ${JSON.stringify(name)}; the data has ${known.slice(0, 20).join(", ")}.`,
    { details: { column: name, known: known.slice(0, 100) } },
  );
}
