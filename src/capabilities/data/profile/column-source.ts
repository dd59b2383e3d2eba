import { quoteIdentifier, type Table, valueExpression } from "../../../engines/table/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { ColumnSchema } from "../../../foundation/contracts/column.js";

/** A column as the profile's queries see it. */
export interface ColumnSource {
  readonly schema: ColumnSchema;
  /** Its value in SQL: DOUBLE, BOOLEAN, TIMESTAMP, VARCHAR or FLOAT[]; NULL = missing. */
  readonly value: string;
  /** The stored cell, whatever it means. */
  readonly cell: string;
}

/** @throws QuernError DATA_COLUMN_UNKNOWN */
export function columnSources(table: Table, schema: readonly ColumnSchema[]): ColumnSource[] {
  const storage = new Map(table.columns.map((column) => [column.name, column.storage]));
  return schema.map((column) => {
    const stored = storage.get(column.name);
    if (stored === undefined) {
      throw new QuernError(
        "DATA_COLUMN_UNKNOWN",
        `There is no column ${JSON.stringify(column.name)} in the data.`,
        {
          details: { column: column.name },
        },
      );
    }
    return { schema: column, value: valueExpression(column, stored), cell: quoteIdentifier(column.name) };
  });
}

/** Numbers of a query result; 0 for what has no value. */
export function numberOf(value: unknown): number {
  return value === null || value === undefined ? 0 : Number(value);
}

/** Twelve significant digits: sums of doubles depend on the order of threads beyond that. */
export function stable(value: number): number {
  return Number.isFinite(value) ? Number(value.toPrecision(12)) : value;
}

/** A number as SQL, to the last bit. */
export function literal(value: number): string {
  return `CAST('${value}' AS DOUBLE)`;
}
