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

/** The relation that queries see. Its rows are numbered in the order they were loaded, by DuckDB itself. */
export const STORED = "data";
const ROW_NUMBER = "rowid";

type StoredTable = { -readonly [Key in keyof Table]: Table[Key] };

/** Where the rows lie: `data` itself, or a table that `data` is a view of. */
interface Storage {
  readonly database: Database;
  readonly hidden?: HiddenTable;
}
interface HiddenTable {
  readonly name: string;
  /** A column of the source is called as DuckDB calls its row number, so it lies there under another name. */
  readonly renamed: { readonly from: string; readonly to: string };
}
const storages = new WeakMap<Table, Storage>();

/** The rows that were loaded into `data`. */
export async function createTable(
  database: Database,
  columns: readonly TableColumn[],
  notes: readonly TableNote[],
): Promise<Table> {
  // Names of DuckDB differ in more than case.
  const shadowing = columns.find(({ name }) => name.toLowerCase() === ROW_NUMBER);
  const hidden = shadowing && (await hide(database, shadowing.name, columns));
  const rowColumn = hidden ? unusedName("__row", columns) : ROW_NUMBER;
  if (hidden) await createView(database, hidden, columns, rowColumn);
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
  storages.set(table, { database, ...(hidden ? { hidden } : {}) });
  return table;
}

/** A view costs each query the planning of all its columns, so only a table whose row numbers are shadowed gets one. */
async function hide(database: Database, from: string, columns: readonly TableColumn[]): Promise<HiddenTable> {
  const hidden = { name: "stored", renamed: { from, to: unusedName("__named_rowid", columns) } };
  await database.run(`ALTER TABLE ${STORED} RENAME TO ${hidden.name}`);
  await database.run(
    `ALTER TABLE ${hidden.name} RENAME COLUMN ${quoteIdentifier(from)} TO ${quoteIdentifier(hidden.renamed.to)}`,
  );
  return hidden;
}

async function createView(
  database: Database,
  hidden: HiddenTable,
  columns: readonly TableColumn[],
  rowColumn: string,
): Promise<void> {
  const { from, to } = hidden.renamed;
  const selected = columns.map(({ name }) =>
    name === from ? `${quoteIdentifier(to)} AS ${quoteIdentifier(from)}` : quoteIdentifier(name),
  );
  await database.run(
    `CREATE OR REPLACE VIEW ${STORED} AS SELECT ${selected.join(", ")}, ${ROW_NUMBER} AS ${quoteIdentifier(rowColumn)} FROM ${hidden.name}`,
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
  const { database, hidden } = storageOfTable(table);
  const stored = hidden?.renamed.from === column.name ? hidden.renamed.to : column.name;
  // Reads its own column only, which is called otherwise there where it is renamed.
  const reading = stored === column.name ? expression : valueOfRenamed(expression, column.name, stored);
  await database.run(
    `ALTER TABLE ${hidden?.name ?? STORED} ALTER COLUMN ${quoteIdentifier(stored)} TYPE ${typeOf(column)} USING ${reading}`,
  );
  const storage = column.kind === "number" ? "number" : "datetime";
  const columns = table.columns.map(
    (known): TableColumn => (known.name === column.name ? { ...known, storage } : known),
  );
  if (hidden) await createView(database, hidden, columns, table.rowColumn);
  (table as StoredTable).columns = columns;
}

const valueOfRenamed = (expression: string, from: string, to: string): string =>
  expression.replaceAll(quoteIdentifier(from), quoteIdentifier(to));

function unusedName(wanted: string, columns: readonly TableColumn[]): string {
  const taken = new Set(columns.map((column) => column.name.toLowerCase()));
  let name = wanted;
  while (taken.has(name)) name += "_";
  return name;
}

/** The engine behind a table of this folder. */
export function databaseOf(table: Table): Database {
  return storageOfTable(table).database;
}

function storageOfTable(table: Table): Storage {
  const storage = storages.get(table);
  if (!storage) throw new Error("The table was not opened by openTable.");
  return storage;
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
