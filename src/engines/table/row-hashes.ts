import type { DuckDBVector } from "@duckdb/node-api";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { valueExpression } from "./expressions.js";
import { databaseOf, storageOf } from "./memory-table.js";
import { quoteIdentifier, type Table } from "./table.js";

/**
 * The value of a column as text that is the same whatever file it came from; NULL = missing. Two values have one
 * text only if they are equal.
 */
export function canonicalText(schema: ColumnSchema, table: Table): string {
  const storage = storageOf(table, schema.name);
  const value = valueExpression(schema, storage);
  switch (schema.kind) {
    // Adding zero turns -0 into 0.
    case "number":
      return `CAST(${value} + 0.0 AS VARCHAR)`;
    case "datetime":
      return `CAST(epoch_ms(${value}) AS VARCHAR)`;
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

/** Joins values so that no two rows of different values have one text. */
export function framedText(text: string): string {
  return `coalesce(strlen(${text}) || ':' || ${text}, '-')`;
}

/**
 * A 64-bit identity for each row, in source order: the first half of the MD5 of its values, so it does not depend
 * on the row's position or the file's format. Equal rows have equal hashes; `repeated` are those of more than one row.
 */
export async function contentHashes(
  table: Table,
  columns: readonly ColumnSchema[],
): Promise<{ hashes: BigUint64Array; repeated: ReadonlySet<bigint> }> {
  const database = databaseOf(table);
  const framed = columns.map((_, k) => framedText(`t${k}`));
  // One call, not a chain of operators: the database limits how deep an expression nests.
  const expression = `md5_number_upper(${framed.length > 0 ? `concat(${framed.join(", ")})` : "''"})`;
  // Each value is written once, although its frame names it twice.
  const texts = columns.map((column, k) => `${canonicalText(column, table)} AS t${k}`);
  const source = texts.length > 0 ? `(SELECT ${texts.join(", ")} FROM data)` : "data";
  const hashes = new BigUint64Array(table.rows);
  let offset = 0;
  await database.scan(`SELECT ${expression} AS hash FROM ${source}`, (chunk) => {
    const vector = chunk.getColumnVector(0) as DuckDBVector<bigint>;
    for (let i = 0; i < vector.itemCount; i++) hashes[offset + i] = vector.getItem(i)!;
    offset += chunk.rowCount;
  });
  const sorted = hashes.slice().sort();
  const repeated = new Set<bigint>();
  for (let i = 1; i < sorted.length; i++) if (sorted[i] === sorted[i - 1]) repeated.add(sorted[i]!);
  return { hashes, repeated };
}

/** Gives the second, third, … of equal hashes one of its own, which depends on its occurrence number alone. */
export function distinctHashes(hashes: BigUint64Array): BigUint64Array {
  const occurrences = new Map<bigint, bigint>();
  return hashes.map((hash) => {
    const occurrence = occurrences.get(hash) ?? 0n;
    occurrences.set(hash, occurrence + 1n);
    return occurrence === 0n ? hash : mix(hash + occurrence * 0x9e3779b97f4a7c15n);
  });
}

/** The finalizer of SplitMix64 (Steele, Lea and Flood, 2014). */
function mix(value: bigint): bigint {
  let mixed = BigInt.asUintN(64, value);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 30n)) * 0xbf58476d1ce4e5b9n);
  mixed = BigInt.asUintN(64, (mixed ^ (mixed >> 27n)) * 0x94d049bb133111ebn);
  return mixed ^ (mixed >> 31n);
}

const BLOCK_ROWS = 4096;

/** SHA-256 digests of blocks of 4096 values of a column, in row order; memory does not grow with the rows. */
export async function columnDigests(table: Table, column: ColumnSchema): Promise<string[]> {
  const row = quoteIdentifier(table.rowColumn);
  const digests = await table.query(
    `SELECT sha256(string_agg(${framedText("text")}, '' ORDER BY row)) AS digest
     FROM (SELECT ${row} AS row, ${canonicalText(column, table)} AS text FROM data)
     GROUP BY row // ${BLOCK_ROWS} ORDER BY row // ${BLOCK_ROWS}`,
  );
  return digests.map((entry) => entry.digest as string);
}
