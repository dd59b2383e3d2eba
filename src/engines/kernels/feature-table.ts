// The table of features in shared memory: records of 8 int32, as the kernel's class `Feature`.
import type { BinnedColumns, ColumnSource } from "./binned-columns.js";
import type { KernelMemory } from "./kernel-memory.js";

const RECORD_WORDS = 8;
const COLUMN = 0;
const MONOTONE = 6;

/** The columns with at least two bins in the training rows. */
export function usefulFeatures({ bins, rows }: BinnedColumns): number[] {
  const features: number[] = [];
  for (const [column, { valueBins, missing }] of bins.entries()) {
    const filled = valueBins + (missing > 0 ? 1 : 0);
    if (filled >= 2 && missing < rows) features.push(column);
  }
  return features;
}

/** Lays the features' slots one after another; each starts at a multiple of 16 bytes, for vector instructions. */
export function writeFeatureTable(
  memory: KernelMemory,
  { bins }: BinnedColumns,
  columns: readonly ColumnSource[],
  features: readonly number[],
): { address: number; histogramBytes: number } {
  const address = memory.allocate(features.length * RECORD_WORDS * 4);
  const table = memory.int32(address, features.length * RECORD_WORDS);
  let offset = 0;
  for (const [k, column] of features.entries()) {
    const { valueBins, missing } = bins[column]!;
    const hasMissing = missing > 0 ? 1 : 0;
    const slots = Math.ceil((valueBins + hasMissing) / 2) * 2;
    const categorical = columns[column]!.categories > 0 ? 1 : 0;
    table.set([0, offset, valueBins, slots, hasMissing, categorical, 0, 0], k * RECORD_WORDS);
    offset += slots * 8;
  }
  return { address, histogramBytes: offset };
}

/** Makes the table refer to the columns of these rows. */
export function pointFeatures(
  memory: KernelMemory,
  table: number,
  { address, rows }: BinnedColumns,
  features: readonly number[],
): void {
  const words = memory.uint32(table, features.length * RECORD_WORDS);
  for (const [k, column] of features.entries()) words[k * RECORD_WORDS + COLUMN] = address + column * rows;
}

/** `directions`: -1, 0 or 1 for each column. */
export function setMonotone(
  memory: KernelMemory,
  table: number,
  features: readonly number[],
  directions: readonly number[],
): void {
  const words = memory.int32(table, features.length * RECORD_WORDS);
  for (const [k, column] of features.entries()) words[k * RECORD_WORDS + MONOTONE] = directions[column] ?? 0;
}
