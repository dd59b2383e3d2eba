import { QuernError } from "../../foundation/base/errors.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Database } from "./database.js";
import { valueExpression } from "./expressions.js";
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

type StoredTable = { -readonly [Key in keyof Table]: Table[Key] };
const databases = new WeakMap<Table, Database>();

/** Rows of `stored`, seen through the view `data`. DuckDB numbers stored rows in the order they were loaded. */
export async function createTable(
  database: Database,
  columns: readonly TableColumn[],
  notes: readonly TableNote[],
): Promise<Table> {
  const rowColumn = unusedName("__row", columns);
  await createView(database, columns, rowColumn);
  const [counted] = await database.query(`SELECT count(*) AS rows FROM ${STORED}`);
  const table: StoredTable = {
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

async function createView(
  database: Database,
  columns: readonly TableColumn[],
  rowColumn: string,
): Promise<void> {
  const names = columns.map((column) => quoteIdentifier(column.name)).join(", ");
  await database.run(
    `CREATE OR REPLACE VIEW data AS SELECT ${names}, rowid AS ${quoteIdentifier(rowColumn)} FROM ${STORED}`,
  );
}

/**
 * Stores text columns of kind number or datetime as what their schemas read, once and for all; cells that are no
 * such value become NULL. `table.columns` says so afterwards.
 */
export async function convertColumns(table: Table, schema: readonly ColumnSchema[]): Promise<void> {
  const database = databaseOf(table);
  const converted = new Map<string, StorageType>();
  for (const column of schema) {
    if (column.kind !== "number" && column.kind !== "datetime") continue;
    if (storageOf(table, column.name) !== "text") continue;
    const type = column.kind === "number" ? "DOUBLE" : "TIMESTAMP";
    const name = quoteIdentifier(column.name);
    await database.run(
      `ALTER TABLE ${STORED} ALTER COLUMN ${name} TYPE ${type} USING ${valueExpression(column, "text")}`,
    );
    converted.set(column.name, column.kind);
  }
  if (converted.size === 0) return;
  const columns = table.columns.map(({ name, storage }) => ({
    name,
    storage: converted.get(name) ?? storage,
  }));
  await createView(database, columns, table.rowColumn);
  (table as StoredTable).columns = columns;
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
