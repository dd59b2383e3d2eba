// Standardized values of numeric features for the linear models of leaves.
import type { ColumnSource } from "./binned-columns.js";
import type { FeatureTable } from "./feature-table.js";
import type { KernelMemory } from "./kernel-memory.js";

/** Most features of a leaf's model, as in the kernel. */
export const MOST_TERMS = 8;

/**
 * How values become comparable, by column, in float32 arithmetic: (x - mean) * inverseScale, limited to
 * low..high, the range of the training rows, since a line must not run on beyond what was seen; 0 where missing.
 */
export interface Standardization {
  readonly mean: Float32Array;
  readonly inverseScale: Float32Array;
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** Of the training rows; categories and constant columns stay 0. */
export function standardizationOf(columns: readonly ColumnSource[], rows: number): Standardization {
  const mean = new Float32Array(columns.length);
  const inverseScale = new Float32Array(columns.length);
  const low = new Float32Array(columns.length);
  const high = new Float32Array(columns.length);
  for (const [k, column] of columns.entries()) {
    const moments = column.categories > 0 ? undefined : momentsOf(column, rows);
    if (!moments || !(moments.deviation > 0) || !Number.isFinite(Math.fround(1 / moments.deviation)))
      continue;
    mean[k] = moments.mean;
    inverseScale[k] = 1 / moments.deviation;
    low[k] = scaled(moments.least, mean[k]!, inverseScale[k]!);
    high[k] = scaled(moments.most, mean[k]!, inverseScale[k]!);
  }
  return { mean, inverseScale, low, high };
}

/** One value of column `k`. */
export function standardized(value: number, k: number, by: Standardization): number {
  if (Number.isNaN(value)) return 0;
  return Math.min(Math.max(scaled(value, by.mean[k]!, by.inverseScale[k]!), by.low[k]!), by.high[k]!);
}

const scaled = (value: number, mean: number, inverseScale: number) =>
  Math.fround(Math.fround(value - mean) * inverseScale);

/** Of finite values. */
function momentsOf({ values, offset, stride }: ColumnSource, rows: number) {
  let count = 0;
  let mean = 0;
  let squares = 0;
  let least = Number.POSITIVE_INFINITY;
  let most = Number.NEGATIVE_INFINITY;
  for (let row = 0, at = offset; row < rows; row++, at += stride) {
    const value = values[at]!;
    if (!Number.isFinite(value)) continue;
    count++;
    const difference = value - mean;
    mean += difference / count;
    squares += difference * (value - mean);
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  return { mean, deviation: Math.sqrt(squares / Math.max(count, 1)), least, most };
}

/** Writes float32 [features][rows] of the table's features; returns the address. */
export function storeStandardized(
  memory: KernelMemory,
  table: FeatureTable,
  columns: readonly ColumnSource[],
  rows: number,
  by: Standardization,
): number {
  const address = memory.allocate(table.columns.length * rows * 4);
  for (const [feature, column] of table.columns.entries()) {
    const target = memory.float32(address + feature * rows * 4, rows);
    const { values, offset, stride } = columns[column]!;
    for (let row = 0, at = offset; row < rows; row++, at += stride)
      target[row] = by.inverseScale[column] === 0 ? 0 : standardized(values[at]!, column, by);
  }
  return address;
}
