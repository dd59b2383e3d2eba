/** The one door to the table engine. */
export type { DatabaseOptions } from "./database.js";
export type { Dialect } from "./dialect.js";
export { invalidExpression, valueExpression } from "./expressions.js";
export { convertColumns, convertIfReadable } from "./memory-table.js";
export { type OpenTableOptions, openTable, type TableFile, type TableSource } from "./open-table.js";
export { type ReadFrameOptions, readFrame } from "./read-frame.js";
export { columnDigests, contentHashes, distinctHashes } from "./row-hashes.js";
export {
  type QueryRow,
  quoteIdentifier,
  quoteText,
  type StorageType,
  type Table,
  type TableColumn,
  type TableNote,
} from "./table.js";
export { writeParquet } from "./write-parquet.js";
