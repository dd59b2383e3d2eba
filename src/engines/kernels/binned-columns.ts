import type { KernelMemory } from "./kernel-memory.js";
import type { KernelTeam } from "./kernel-team.js";

/** One feature: row r is `values[offset + r * stride]`; NaN = missing. */
export interface ColumnSource {
  readonly values: Float32Array;
  readonly offset: number;
  readonly stride: number;
  /** Number of categories where the values are their codes, otherwise 0. */
  readonly categories: number;
}

/** How one column was divided. */
export interface ColumnBins {
  /** Bins of values; bin `valueBins` holds missing values. */
  readonly valueBins: number;
  /** Training rows in the missing bin. */
  readonly missing: number;
  /** Numeric: bin b holds values in (thresholds[b-1], thresholds[b]]; the last one is +Infinity. */
  readonly thresholds: Float32Array;
  /** Categories: the bin of each code; `valueBins` for those too rare for a bin of their own. */
  readonly codeBins: Uint8Array;
}

export interface BinningOptions {
  readonly maxBins: number;
  /** Numeric columns are divided by a sample of this many rows. */
  readonly sampleRows: number;
}

/** Binned columns: uint8 [columns][rows] at `address`. */
export interface BinnedColumns {
  readonly address: number;
  readonly rows: number;
  readonly bins: readonly ColumnBins[];
}

/** As the kernel's class `ColumnBins`: 8 int32, then 256 float32. */
const COLUMN_WORDS = 8 + 256;
/** Columns are copied into the shared memory in groups of about this size, to keep the peak low. */
const GROUP_BYTES = 32 * 2 ** 20;

/**
 * Bins columns in the team's workers. `known` applies the bins of the training rows to other rows.
 * The shared memory keeps the result alone.
 */
export async function binColumns(
  team: KernelTeam,
  columns: readonly ColumnSource[],
  rows: number,
  options: BinningOptions,
  signal: AbortSignal,
  known?: readonly ColumnBins[],
): Promise<BinnedColumns> {
  const { memory } = team;
  const address = memory.allocate(rows * columns.length);
  const mark = memory.mark();
  const perGroup = Math.max(team.threads, Math.floor(GROUP_BYTES / (4 * Math.max(rows, 1))));
  const group = Math.min(columns.length, perGroup);
  const categories = Math.max(1, ...columns.map((column) => column.categories));
  const sampleRows = Math.min(rows, options.sampleRows);
  const sortScratchBytes = Math.max(sampleRows * 8 + 3 * 2048 * 4, categories * 8) + 64;
  const staged = memory.allocate(group * rows * 4);
  const columnTable = memory.allocate(group * COLUMN_WORDS * 4);
  const codeTable = memory.allocate(group * categories);
  const settings = {
    workers: team.threads,
    stagedRows: rows,
    staged,
    columnTable,
    sampleRows,
    maxBins: options.maxBins,
    sortScratch: memory.allocate(team.threads * sortScratchBytes),
    sortScratchBytes,
    binsKnown: known ? 1 : 0,
  };
  const bins: ColumnBins[] = [];
  for (let first = 0; first < columns.length; first += group) {
    signal.throwIfAborted();
    const part = columns.slice(first, first + group);
    for (const [k, column] of part.entries()) {
      copyColumn(memory.float32(staged + k * rows * 4, rows), column);
      const table = columnTable + k * COLUMN_WORDS * 4;
      writeColumn(memory, table, codeTable + k * categories, column, known?.[first + k]);
    }
    const stagedBins = address + first * rows;
    await team.run("binColumns", { ...settings, stagedColumns: part.length, stagedBins });
    for (const [k, column] of part.entries())
      bins.push(readColumn(memory, columnTable + k * COLUMN_WORDS * 4, column));
  }
  memory.release(mark);
  return { address, rows, bins };
}

function copyColumn(target: Float32Array, { values, offset, stride }: ColumnSource): void {
  if (stride === 1) {
    target.set(values.subarray(offset, offset + target.length));
    return;
  }
  for (let row = 0, at = offset; row < target.length; row++, at += stride) target[row] = values[at]!;
}

function writeColumn(
  memory: KernelMemory,
  table: number,
  codeBins: number,
  column: ColumnSource,
  known: ColumnBins | undefined,
): void {
  memory.int32(table, 8).set([column.categories, known?.valueBins ?? 0, 0, codeBins, 0, 0, 0, 0]);
  if (!known) return;
  memory
    .float32(table + 32, 256)
    .fill(Number.POSITIVE_INFINITY)
    .set(known.thresholds);
  memory.uint8(codeBins, known.codeBins.length).set(known.codeBins);
}

function readColumn(memory: KernelMemory, table: number, { categories }: ColumnSource): ColumnBins {
  const header = memory.int32(table, 8);
  const valueBins = header[1]!;
  return {
    valueBins,
    missing: header[2]!,
    thresholds: categories > 0 ? new Float32Array() : memory.float32(table + 32, 256).slice(0, valueBins),
    codeBins: categories > 0 ? memory.uint8(header[3]! >>> 0, categories).slice() : new Uint8Array(),
  };
}
