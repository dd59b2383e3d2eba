/**
 * `Table`: rows of a source in typed columns, queried by SQL. It lives in memory and spills to a temporary
 * folder, so a table may be larger than the memory limit.
 */

/**
 * How a column is stored, which is lossless for every later reading of it:
 * number: DOUBLE, finite, only where the text of every value can be recovered from the number;
 * text: VARCHAR, just as the source wrote it (also numbers with separators, dates in text, `007`);
 * boolean: BOOLEAN; datetime: TIMESTAMP in UTC; vector: FLOAT[]. Missing is NULL; so is the empty text.
 */
export type StorageType = "number" | "text" | "boolean" | "datetime" | "vector";

export interface TableColumn {
  readonly name: string;
  readonly storage: StorageType;
}

/** Something the reader changed or assumed, which the user should hear of. */
export interface TableNote {
  readonly id:
    | "annotations-wrong"
    | "column-renamed"
    | "header-assumed"
    | "header-repeated"
    | "lines-skipped"
    | "number-infinite"
    | "sheet-chosen";
  readonly column?: string;
  /** The name in the header that another column before has as well. */
  readonly repeats?: string;
  readonly message: string;
}

/** A query result: bigint only beyond 2^53; timestamps as epoch milliseconds; lists as arrays. */
export type QueryRow = Record<string, unknown>;

export interface Table {
  readonly rows: number;
  readonly columns: readonly TableColumn[];
  readonly notes: readonly TableNote[];
  /** Name of the hidden column of `data` that numbers the rows from 0 in source order. Not in `columns`. */
  readonly rowColumn: string;
  /** Lives as long as the table; for files made from it. */
  readonly temporaryFolder: string;
  /** SQL over the one relation `data`; names quoted by `quoteIdentifier`, values bound to `$1`, `$2`, … */
  query(sql: string, parameters?: readonly unknown[]): Promise<QueryRow[]>;
  /** Frees memory and removes the temporary files. May be called twice. */
  close(): Promise<void>;
}

/** A column name as SQL; any text is safe. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** A text as an SQL literal, for places that take no parameter (file names, patterns). */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
