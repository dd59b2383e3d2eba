import { QuernError } from "../../foundation/base/errors.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Database } from "./database.js";
import { isMissing, valueExpression } from "./expressions.js";
import {
  type QueryRow,
  quoteIdentifier,
  quoteText,
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
  for (const column of schema) {
    if (isConvertible(table, column)) await convert(table, column, valueExpression(column, "text"));
  }
}

/**
 * As `convertColumns` for one column, unless a cell is present but no value of its kind: then the column stays as
 * it is. Checks and converts in one scan.
 * @returns whether the column was converted
 */
export async function convertIfReadable(table: Table, column: ColumnSchema): Promise<boolean> {
  if (!isConvertible(table, column)) return false;
  const source = quoteIdentifier(column.name);
  const missing = `${source} IS NULL OR ${isMissing(source, column.format ?? {})}`;
  const otherwise = `CASE WHEN ${missing} THEN CAST(NULL AS ${typeOf(column)}) ELSE error(${quoteText(UNREADABLE)}) END`;
  try {
    await convert(table, column, `coalesce(${valueExpression(column, "text")}, ${otherwise})`);
    return true;
  } catch (cause) {
    if (cause instanceof Error && cause.message.includes(UNREADABLE)) return false;
    throw cause;
  }
}

const UNREADABLE = "quern: unreadable cell";

const isConvertible = (table: Table, column: ColumnSchema): boolean =>
  (column.kind === "number" || column.kind === "datetime") && storageOf(table, column.name) === "text";
const typeOf = (column: ColumnSchema): string => (column.kind === "number" ? "DOUBLE" : "TIMESTAMP");

async function convert(table: Table, column: ColumnSchema, expression: string): Promise<void> {
  const database = databaseOf(table);
  await database.run(
    `ALTER TABLE ${STORED} ALTER COLUMN ${quoteIdentifier(column.name)} TYPE ${typeOf(column)} USING ${expression}`,
  );
  const storage = column.kind === "number" ? "number" : "datetime";
  const columns = table.columns.map((known) => (known.name === column.name ? { ...known, storage } : known));
  await createView(database, columns as TableColumn[], table.rowColumn);
  (table as StoredTable).columns = columns as TableColumn[];
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
