import {
  quoteIdentifier,
  readFrame,
  type StorageType,
  type Table,
  valueExpression,
} from "../../../engines/table/index.js";
import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";
import { type Column, createFrame, type Frame } from "../../../foundation/contracts/frame.js";

/** Rows behind statistics that need them together. */
export const SAMPLE_ROWS = 20_000;
/** Tables of up to so many rows are read as a whole, so that rare rows are not overlooked. */
const WHOLE_ROWS = 100_000;

/**
 * All rows of a table of up to 100,000; of a larger one about 20,000, chosen by a hash of the row number and so the
 * same every time. In source order.
 */
export async function sampleFrame(table: Table, schema: readonly ColumnSchema[]): Promise<Frame> {
  if (table.rows <= WHOLE_ROWS) return readFrame(table, schema);
  const storage = new Map(table.columns.map((column) => [column.name, column.storage]));
  const readable = schema.filter((column) => expressionOf(column, storage) !== undefined);
  const row = quoteIdentifier(table.rowColumn);
  const lists = readable.map((column, index) => `list(${expressionOf(column, storage)}) AS c${index}`);
  const [gathered] = await table.query(
    `SELECT list(${row}) AS numbers, ${lists.join(", ")} FROM data WHERE hash(${row}) % ${Math.ceil(table.rows / SAMPLE_ROWS)} = 0`,
  );
  const order = ascendingOrder(Float64Array.from((gathered!.numbers ?? []) as number[]));
  return createFrame(
    readable.map((column, index) => {
      const values = (gathered![`c${index}`] ?? []) as unknown[];
      return [
        column.name,
        createColumn(
          column,
          Array.from(order, (position) => values[position]),
        ),
      ] as const;
    }),
    order.length,
  );
}

function expressionOf(column: ColumnSchema, storage: ReadonlyMap<string, StorageType>): string | undefined {
  switch (column.kind) {
    case "number":
    case "category":
    case "text":
    case "id":
      return valueExpression(column, storage.get(column.name)!);
    case "boolean":
      return `CAST(${valueExpression(column, storage.get(column.name)!)} AS INTEGER)`;
    case "datetime":
      return `epoch_ms(${valueExpression(column, storage.get(column.name)!)})`;
    default:
      return undefined;
  }
}

function createColumn(schema: ColumnSchema, values: readonly unknown[]): Column {
  const numberOf = (value: unknown): number => (value === null ? Number.NaN : Number(value));
  switch (schema.kind) {
    case "number":
      return { kind: "number", values: Float64Array.from(values, numberOf) };
    case "boolean":
      return { kind: "boolean", values: Float32Array.from(values, numberOf) };
    case "datetime":
      return { kind: "datetime", values: Float64Array.from(values, numberOf) };
    case "category": {
      const texts = values.map((value) => (value === null ? "" : String(value)));
      const dictionary = [...new Set(texts)].filter((text) => text !== "").sort();
      const codeOf = new Map(dictionary.map((text, code) => [text, code]));
      return {
        kind: "category",
        codes: Int32Array.from(texts, (text) => codeOf.get(text) ?? -1),
        dictionary,
      };
    }
    default:
      return {
        kind: schema.kind === "id" ? "id" : "text",
        values: values.map((value) => (value === null ? "" : String(value))),
      };
  }
}
