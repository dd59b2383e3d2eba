import { Database, type DatabaseOptions } from "./database.js";
import type { Dialect } from "./dialect.js";
import { loadDelimited } from "./load-delimited.js";
import { loadJson } from "./load-json.js";
import { loadParquet } from "./load-parquet.js";
import { createTable } from "./memory-table.js";
import type { Table, TableColumn, TableNote } from "./table.js";

/** A local file. `name` is what messages call it, where `path` is a decoded or decompressed copy. */
export interface TableFile {
  readonly path: string;
  readonly name?: string;
  /** What was noticed while the copy was made. */
  readonly notes?: readonly TableNote[];
}

/** Files of one format and one schema; text in UTF-8, not compressed. */
export type TableSource =
  | {
      readonly format: "delimited";
      readonly files: readonly TableFile[];
      /** What is not given is found from the first file. */
      readonly dialect?: Partial<Dialect>;
    }
  | { readonly format: "json" | "jsonl" | "parquet"; readonly files: readonly TableFile[] };

export type OpenTableOptions = DatabaseOptions;

export interface Loaded {
  readonly columns: readonly TableColumn[];
  readonly notes: readonly TableNote[];
}

/**
 * Reads files into a table: one pass over the text where the first rows tell the truth about the columns.
 * On failure nothing stays behind.
 * @throws QuernError DATA_EMPTY, DATA_MALFORMED, DATA_ENCODING, DATA_SCHEMA with file, line and column
 */
export async function openTable(source: TableSource, options: OpenTableOptions): Promise<Table> {
  const database = await Database.open(
    source.files.map((file) => file.path),
    options,
  );
  try {
    const { columns, notes } = await load(database, source);
    const earlier = source.files.flatMap((file) => file.notes ?? []);
    return await createTable(database, columns, [...earlier, ...notes]);
  } catch (cause) {
    await database.close();
    throw cause;
  }
}

function load(database: Database, source: TableSource): Promise<Loaded> {
  switch (source.format) {
    case "delimited":
      return loadDelimited(database, source.files, source.dialect ?? {});
    case "json":
    case "jsonl":
      return loadJson(database, source.files, source.format);
    case "parquet":
      return loadParquet(database, source.files);
  }
}
