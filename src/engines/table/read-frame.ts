import type { DuckDBVector } from "@duckdb/node-api";
import { categoryText } from "../../foundation/base/values.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { type Column, createFrame, type Frame } from "../../foundation/contracts/frame.js";
import type { Database } from "./database.js";
import { valueExpression } from "./expressions.js";
import { databaseOf, storageOf } from "./memory-table.js";
import { quoteIdentifier, type StorageType, type Table } from "./table.js";

export interface ReadFrameOptions {
  /** Rows `start` up to, not including, `end`, in source order. Default all. */
  readonly start?: number;
  readonly end?: number;
}

/** Fills one column of a frame from the chunks of a scan. */
interface ColumnReader {
  readonly expression: string;
  /** Copies a chunk to the rows from `offset` on. */
  read(vector: DuckDBVector, offset: number): void;
  finish(): Column;
}

/**
 * Reads columns into a frame, in source order, as their schemas say; kinds that no frame holds (`ignore`,
 * media) are left out. A cell that is no value of its kind reads as missing.
 * Memory: 8 bytes a row for each number and datetime, 4 for float32, boolean and category, a string for text.
 * @throws QuernError DATA_COLUMN_UNKNOWN
 */
export async function readFrame(
  table: Table,
  schema: readonly ColumnSchema[],
  options: ReadFrameOptions = {},
): Promise<Frame> {
  const start = Math.max(0, options.start ?? 0);
  const rows = Math.max(0, Math.min(table.rows, options.end ?? table.rows) - start);
  const database = databaseOf(table);
  const readers = new Map<string, ColumnReader>();
  const enums: string[] = [];
  try {
    for (const column of schema) {
      const storage = storageOf(table, column.name);
      if (isCoded(column, storage)) enums.push(await createEnum(database, column.name, enums.length));
      const reader = await createReader(database, column, storage, rows, enums.at(-1) ?? "");
      if (reader) readers.set(column.name, reader);
    }
    await scan(table, database, [...readers.values()], start, rows);
  } finally {
    for (const name of enums) await database.run(`DROP TYPE IF EXISTS ${name}`);
  }
  return createFrame(
    [...readers].map(([name, reader]) => [name, reader.finish()] as const),
    rows,
  );
}

async function scan(table: Table, database: Database, readers: ColumnReader[], start: number, rows: number) {
  if (readers.length === 0 || rows === 0) return;
  const row = quoteIdentifier(table.rowColumn);
  const partial = start > 0 || rows < table.rows;
  const where = partial ? ` WHERE ${row} >= ${start} AND ${row} < ${start + rows}` : "";
  const expressions = readers.map((reader) => reader.expression).join(", ");
  let offset = 0;
  await database.scan(`SELECT ${expressions} FROM data${where}`, (chunk) => {
    for (const [index, reader] of readers.entries()) reader.read(chunk.getColumnVector(index), offset);
    offset += chunk.rowCount;
  });
}

const isCoded = (column: ColumnSchema, storage: StorageType): boolean =>
  column.kind === "category" && storage === "text";

/** An enumeration of the texts of a column turns them into codes inside DuckDB. */
async function createEnum(database: Database, column: string, index: number): Promise<string> {
  const name = `quern_enum_${index}`;
  const source = quoteIdentifier(column);
  await database.run(
    `CREATE TYPE ${name} AS ENUM (SELECT DISTINCT ${source} FROM data WHERE ${source} IS NOT NULL)`,
  );
  return name;
}

async function createReader(
  database: Database,
  column: ColumnSchema,
  storage: StorageType,
  rows: number,
  enumName: string,
): Promise<ColumnReader | undefined> {
  const value = valueExpression(column, storage);
  switch (column.kind) {
    case "number": {
      const values = column.precision === "float64" ? new Float64Array(rows) : new Float32Array(rows);
      return numbers(value, values, { kind: "number", values });
    }
    case "boolean": {
      const values = new Float32Array(rows);
      return numbers(`CAST(${value} AS INTEGER)`, values, { kind: "boolean", values });
    }
    case "datetime": {
      const values = new Float64Array(rows);
      return numbers(`epoch_ms(${value})`, values, { kind: "datetime", values });
    }
    case "category":
      return isCoded(column, storage)
        ? await codedTexts(database, column, enumName, rows)
        : categories(column, storage, value, rows);
    case "text":
    case "id":
      return texts(column.kind, column, storage, value, rows);
    case "vector":
      return vectors(value, column.format?.width ?? 0, rows);
    default:
      return undefined;
  }
}

function numbers(expression: string, values: Float64Array | Float32Array, column: Column): ColumnReader {
  return {
    expression: `coalesce(CAST(${expression} AS DOUBLE), 'nan'::DOUBLE)`,
    read(vector, offset) {
      for (let i = 0; i < vector.itemCount; i++) values[offset + i] = vector.getItem(i) as number;
    },
    finish: () => column,
  };
}

async function codedTexts(
  database: Database,
  column: ColumnSchema,
  enumName: string,
  rows: number,
): Promise<ColumnReader> {
  const range = await database.query(`SELECT unnest(enum_range(NULL::${enumName})) AS value`);
  const canonical = range.map(({ value }) =>
    categoryText(value, column.format, column.numericCategory ?? false),
  );
  const dictionary = sortCategories(canonical);
  const codeOf = new Map(dictionary.map((text, code) => [text, code]));
  const remapped = Int32Array.from(canonical, (text) => codeOf.get(text) ?? -1);
  const codes = new Int32Array(rows);
  return {
    expression: `coalesce(CAST(enum_code(CAST(${quoteIdentifier(column.name)} AS ${enumName})) AS INTEGER), -1)`,
    read(vector, offset) {
      for (let i = 0; i < vector.itemCount; i++)
        codes[offset + i] = remapped[vector.getItem(i) as number] ?? -1;
    },
    finish: () => ({ kind: "category", codes, dictionary }),
  };
}

/** Categories stored as numbers, booleans or times: few enough to look up by value. */
function categories(column: ColumnSchema, storage: StorageType, value: string, rows: number): ColumnReader {
  const provisional = new Map<unknown, number>();
  const found: string[] = [];
  const codes = new Int32Array(rows);
  return {
    expression: storage === "number" || storage === "boolean" ? quoteIdentifier(column.name) : value,
    read(vector, offset) {
      for (let i = 0; i < vector.itemCount; i++) {
        const item = vector.getItem(i);
        let code = item === null ? -1 : provisional.get(item);
        if (code === undefined) {
          code = found.push(categoryText(item, column.format)) - 1;
          provisional.set(item, code);
        }
        codes[offset + i] = code;
      }
    },
    finish() {
      const dictionary = sortCategories(found);
      const codeOf = new Map(dictionary.map((text, code) => [text, code]));
      for (let i = 0; i < codes.length; i++) {
        const code = codes[i]!;
        codes[i] = code < 0 ? -1 : (codeOf.get(found[code]!) ?? -1);
      }
      return { kind: "category", codes, dictionary };
    },
  };
}

/** Distinct, not empty; by value where all are numbers, else by code unit: the same for any row order. */
function sortCategories(found: readonly string[]): string[] {
  const distinct = [...new Set(found)].filter((text) => text !== "");
  const numeric = distinct.every((text) => text === String(Number(text)));
  return numeric ? distinct.sort((a, b) => Number(a) - Number(b)) : distinct.sort();
}

function texts(
  kind: "text" | "id",
  column: ColumnSchema,
  storage: StorageType,
  value: string,
  rows: number,
): ColumnReader {
  const values = new Array<string>(rows);
  const asNumber = storage === "number";
  return {
    expression: asNumber ? quoteIdentifier(column.name) : value,
    read(vector, offset) {
      for (let i = 0; i < vector.itemCount; i++) values[offset + i] = categoryOrText(vector.getItem(i));
    },
    finish: () => ({ kind, values }),
  };
}

const categoryOrText = (item: unknown): string => (item === null ? "" : String(item));

function vectors(expression: string, width: number, rows: number): ColumnReader {
  const values = new Float32Array(rows * width).fill(Number.NaN);
  return {
    expression,
    read(vector, offset) {
      for (let i = 0; i < vector.itemCount; i++) {
        const item = vector.getItem(i) as { items: readonly number[] } | null;
        if (item?.items.length === width) values.set(item.items, (offset + i) * width);
      }
    },
    finish: () => ({ kind: "vector", values, width }),
  };
}
