// The table of features in shared memory: records of 8 int32, as the kernel's class `Feature`.
import type { BinnedColumns, ColumnSource } from "./binned-columns.js";
import type { KernelMemory } from "./kernel-memory.js";

const RECORD_WORDS = 8;
const COLUMN = 0;
const MONOTONE = 6;
const LINEAR = 7;

/** Slots that a feature of each width class takes in a histogram, as in the kernel. */
const CLASS_SLOTS = [256, 64, 16] as const;

/** Features that can be split, sorted by width class, and their records in shared memory. */
export interface FeatureTable {
  readonly address: number;
  /** The column of each feature. */
  readonly columns: readonly number[];
  readonly wideFeatures: number;
  readonly mediumFeatures: number;
  readonly histogramBytes: number;
}

/** Lists the columns with at least two bins in the training rows and lays out their slots. */
export function writeFeatureTable(
  memory: KernelMemory,
  binned: BinnedColumns,
  sources: readonly ColumnSource[],
): FeatureTable {
  const classes = classify(binned);
  const columns = classes.flat();
  const address = memory.allocate(columns.length * RECORD_WORDS * 4);
  const table = memory.int32(address, columns.length * RECORD_WORDS);
  let offset = 0;
  let feature = 0;
  for (const [width, members] of classes.entries()) {
    for (const column of members) {
      const { valueBins, missing } = binned.bins[column]!;
      const hasMissing = missing > 0 ? 1 : 0;
      // Even, so that slots are added two at a time.
      const slots = Math.ceil((valueBins + hasMissing) / 2) * 2;
      const categorical = sources[column]!.categories > 0 ? 1 : 0;
      table.set([0, offset, valueBins, slots, hasMissing, categorical, 0, 0], feature++ * RECORD_WORDS);
      offset += CLASS_SLOTS[width]! * 8;
    }
  }
  const [wide, medium] = classes;
  return {
    address,
    columns,
    wideFeatures: wide!.length,
    mediumFeatures: medium!.length,
    histogramBytes: offset,
  };
}

/** The useful columns of each width class, widest class first. */
function classify({ bins, rows }: BinnedColumns): number[][] {
  const classes: number[][] = CLASS_SLOTS.map(() => []);
  for (const [column, { valueBins, missing }] of bins.entries()) {
    const filled = valueBins + (missing > 0 ? 1 : 0);
    if (filled < 2 || missing === rows) continue;
    const narrowest = CLASS_SLOTS.findLastIndex((slots) => filled <= slots);
    classes[narrowest]!.push(column);
  }
  return classes;
}

/** Makes the table refer to the columns of these rows. */
export function pointFeatures(
  memory: KernelMemory,
  table: FeatureTable,
  { address, rows }: BinnedColumns,
): void {
  const words = memory.uint32(table.address, table.columns.length * RECORD_WORDS);
  for (const [k, column] of table.columns.entries())
    words[k * RECORD_WORDS + COLUMN] = address + column * rows;
}

/** Marks the columns that take part in the leaves' linear models. */
export function setLinear(memory: KernelMemory, table: FeatureTable, inverseScale: Float32Array): void {
  const words = memory.int32(table.address, table.columns.length * RECORD_WORDS);
  for (const [k, column] of table.columns.entries())
    words[k * RECORD_WORDS + LINEAR] = inverseScale[column]! > 0 ? 1 : 0;
}

/** `directions`: -1, 0 or 1 for each column. */
export function setMonotone(memory: KernelMemory, table: FeatureTable, directions: readonly number[]): void {
  const words = memory.int32(table.address, table.columns.length * RECORD_WORDS);
  for (const [k, column] of table.columns.entries())
    words[k * RECORD_WORDS + MONOTONE] = directions[column] ?? 0;
}
