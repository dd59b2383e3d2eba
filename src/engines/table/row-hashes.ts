import { createHash } from "node:crypto";
import type { DuckDBVector } from "@duckdb/node-api";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { valueExpression } from "./expressions.js";
import { databaseOf, storageOf } from "./memory-table.js";
import type { Table } from "./table.js";

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

/**
 * SHA-256 of the values of each column, in row order: of their doubles (NaN = missing, no -0) where they are numbers
 * or times, of their framed texts otherwise. One scan for all; memory does not grow with the rows.
 */
export async function columnDigests(table: Table, columns: readonly ColumnSchema[]): Promise<Sha256[]> {
  if (columns.length === 0) return [];
  const database = databaseOf(table);
  const digests = columns.map((column, k) => columnDigest(table, column, `v${k}`));
  // Each value is written once, although its frame names it twice.
  const values = digests.map(({ value }, k) => `${value} AS v${k}`);
  await database.scan(
    `SELECT ${digests.map(({ expression }) => expression).join(", ")} FROM (SELECT ${values.join(", ")} FROM data)`,
    (chunk) => {
      for (const [k, { read }] of digests.entries()) read(chunk.getColumnVector(k));
    },
  );
  return digests.map(({ finish }) => finish());
}

interface ColumnDigest {
  /** Of the table. */
  readonly value: string;
  /** Of the value, by the name it was given. */
  readonly expression: string;
  read(vector: DuckDBVector): void;
  finish(): Sha256;
}

function columnDigest(table: Table, column: ColumnSchema, name: string): ColumnDigest {
  const hash = createHash("sha256");
  const finish = (): Sha256 => hash.digest("hex");
  if (column.kind === "number" || column.kind === "datetime") {
    const block = new Float64Array(BLOCK_ROWS);
    const value = valueExpression(column, storageOf(table, column.name));
    const number = column.kind === "number" ? `${value} + 0.0` : `CAST(epoch_ms(${value}) AS DOUBLE)`;
    return {
      value: number,
      expression: `coalesce(${name}, 'nan'::DOUBLE)`,
      read(vector) {
        for (let start = 0; start < vector.itemCount; start += BLOCK_ROWS) {
          const length = Math.min(BLOCK_ROWS, vector.itemCount - start);
          for (let i = 0; i < length; i++) block[i] = vector.getItem(start + i) as number;
          hash.update(new Uint8Array(block.buffer, 0, length * Float64Array.BYTES_PER_ELEMENT));
        }
      },
      finish,
    };
  }
  return {
    value: canonicalText(column, table),
    expression: framedText(name),
    read(vector) {
      let text = "";
      for (let i = 0; i < vector.itemCount; i++) text += vector.getItem(i) as string;
      hash.update(text);
    },
    finish,
  };
}
