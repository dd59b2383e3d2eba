import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { QuernError } from "../../foundation/base/errors.js";
import type { Database } from "./database.js";
import { STORED } from "./memory-table.js";
import type { Loaded, TableFile } from "./open-table.js";
import { storeFiles } from "./store-files.js";
import { quoteIdentifier, quoteText, type StorageType, type TableColumn } from "./table.js";

interface ParquetColumn {
  readonly name: string;
  readonly type: string;
}

export async function loadParquet(database: Database, files: readonly TableFile[]): Promise<Loaded> {
  for (const file of files) checkFraming(file);
  try {
    const described = await describe(database, files[0]!);
    for (const file of files.slice(1)) checkSameColumns(file, await describe(database, file), described);
    const source = `read_parquet([${files.map((file) => quoteText(file.path)).join(", ")}])`;
    const large = await largeIntegers(database, source, described);
    const columns = described.map(
      ({ name, type }): TableColumn => ({ name, storage: large.has(name) ? "text" : storageOfType(type) }),
    );
    const selected = columns.map(({ name, storage }, index) => {
      return `${convert(quoteIdentifier(name), described[index]!.type, storage)} AS ${quoteIdentifier(name)}`;
    });
    await storeFiles(database, STORED, files, (file) => {
      return `SELECT ${selected.join(", ")} FROM read_parquet(${quoteText(file.path)})`;
    });
    const [counted] = await database.query(`SELECT count(*) AS rows FROM ${STORED}`);
    if (counted!.rows === 0) {
      const file = nameOf(files[0]!);
      throw new QuernError("DATA_EMPTY", `${file} has columns but no rows.`, { details: { file } });
    }
    return { columns, notes: [] };
  } catch (cause) {
    throw parquetError(cause, files);
  }
}

const nameOf = (file: TableFile): string => file.name ?? file.path;

/** Magic bytes and the length of the footer, before native code sees the file. */
function checkFraming(file: TableFile): void {
  const handle = openSync(file.path, "r");
  try {
    const { size } = fstatSync(handle);
    const tail = Buffer.alloc(8);
    const head = Buffer.alloc(4);
    if (size < 12) throw broken(file, "it is too short");
    readSync(handle, head, 0, 4, 0);
    readSync(handle, tail, 0, 8, size - 8);
    if (head.toString("latin1") !== "PAR1" || tail.toString("latin1", 4) !== "PAR1") {
      throw broken(
        file,
        "it does not begin and end with the Parquet mark, so it is cut off or another format",
      );
    }
    if (tail.readUInt32LE(0) > size - 12) throw broken(file, "its footer is longer than the file");
  } finally {
    closeSync(handle);
  }
}

function broken(file: TableFile, why: string, cause?: unknown): QuernError {
  return new QuernError("DATA_MALFORMED", `${nameOf(file)} cannot be read as Parquet: ${why}.`, {
    details: { file: nameOf(file) },
    hint: "Write the file again, or copy it again if it was cut off.",
    cause,
  });
}

async function describe(database: Database, file: TableFile): Promise<ParquetColumn[]> {
  const rows = await database.query(`DESCRIBE SELECT * FROM read_parquet(${quoteText(file.path)})`);
  return rows.map((row) => ({ name: row.column_name as string, type: row.column_type as string }));
}

function checkSameColumns(file: TableFile, found: ParquetColumn[], expected: ParquetColumn[]): void {
  for (let index = 0; index < Math.max(found.length, expected.length); index++) {
    const [here, there] = [found[index], expected[index]];
    if (here?.name === there?.name && here?.type === there?.type) continue;
    const text = (column?: ParquetColumn) =>
      column ? `${JSON.stringify(column.name)} (${column.type})` : "no column";
    throw new QuernError(
      "DATA_SCHEMA",
      `${nameOf(file)}, column ${index + 1}: found ${text(here)}, but the first file has ${text(there)} there.`,
      { details: { file: nameOf(file), column: index + 1, expected: there?.name, found: here?.name } },
    );
  }
}

const INTEGER = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;

function storageOfType(type: string): StorageType {
  if (INTEGER.test(type) || /^(FLOAT|DOUBLE|DECIMAL\(\d+,\d+\))$/.test(type)) return "number";
  if (type === "BOOLEAN") return "boolean";
  if (/^(DATE|TIMESTAMP\w*( WITH TIME ZONE)?)$/.test(type)) return "datetime";
  return /^(FLOAT|DOUBLE|U?(TINYINT|SMALLINT|INTEGER|BIGINT))\[\d*\]$/.test(type) ? "vector" : "text";
}

function convert(source: string, type: string, storage: StorageType): string {
  switch (storage) {
    case "number":
      return `CASE WHEN isfinite(CAST(${source} AS DOUBLE)) THEN CAST(${source} AS DOUBLE) END`;
    case "datetime":
      return `CASE WHEN isfinite(${source}) THEN CAST(${source} AS TIMESTAMP) END`;
    case "vector":
      return `CAST(${source} AS FLOAT[])`;
    case "boolean":
      return source;
    case "text":
      return type.startsWith("STRUCT") || type.endsWith("]") || type.startsWith("MAP")
        ? `CAST(to_json(${source}) AS VARCHAR)`
        : `nullif(CAST(${source} AS VARCHAR), '')`;
  }
}

/** Integers beyond 2^53 would lose digits as doubles. */
async function largeIntegers(
  database: Database,
  source: string,
  columns: ParquetColumn[],
): Promise<Set<string>> {
  const wide = columns.filter(({ type }) => /^U?(BIGINT|HUGEINT)$/.test(type));
  if (wide.length === 0) return new Set();
  const checks = wide.map(({ name }, index) => {
    const column = quoteIdentifier(name);
    return `(max(${column}) > 9007199254740991 OR min(${column}) < -9007199254740991) AS c${index}`;
  });
  const [found] = await database.query(`SELECT ${checks.join(", ")} FROM ${source}`);
  return new Set(wide.filter((_, index) => found![`c${index}`] === true).map(({ name }) => name));
}

function parquetError(cause: unknown, files: readonly TableFile[]): unknown {
  if (QuernError.is(cause) || !(cause instanceof Error)) return cause;
  const file = files.find((candidate) => cause.message.includes(candidate.path)) ?? files[0]!;
  return broken(file, cause.message.split("\n")[0]!.replace(/^[A-Z]\w+ Error: /, ""), cause);
}
