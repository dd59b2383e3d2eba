import { totalmem } from "node:os";
import type { Frame } from "../../foundation/contracts/frame.js";
import { availableMemoryBytes, fitSlots } from "../fitting/fit-pool.js";
import type { Agenda } from "../learn/agenda.js";

/** What a value of the data takes in memory. */
const CELL_BYTES = 8;
// Measured by bench/estimates: the program, its libraries and what it works with beside the data, report and export
// among them; and a process that fits.
const PROGRAM_BYTES = 600 * 2 ** 20;
const FITTING_BYTES = 120 * 2 ** 20;
/** The table, the frame read from it, the learning rows and their features. */
const DATA_COPIES = 4;

/** The machine a training runs on, and what of it the training will take. */
export interface MachinePlan {
  readonly threads: number;
  readonly memoryBytes: number;
  readonly freeBytes: number;
  /** Fits that run side by side, each on one thread; 1: one after the other, each on all threads. */
  readonly slots: number;
  /** Expected peak of all processes together. */
  readonly neededBytes: number;
  /** What to do where it does not fit; empty where it does. */
  readonly advice: readonly string[];
}

/** Bytes of the raw columns, as every fitting process holds them. */
export function materialBytes(features: Frame): number {
  return CELL_BYTES * features.rows * features.columns.size;
}

export function planMachine(
  features: Frame,
  { candidates, leftOut }: Agenda,
  threads: number,
  memory = { total: totalmem(), free: availableMemoryBytes() },
): MachinePlan {
  const data = materialBytes(features);
  const slots = fitSlots({ threads, materialBytes: data });
  const largest = Math.max(0, ...candidates.map(({ estimate }) => estimate.bytes));
  const fitting = slots > 1 ? FITTING_BYTES : 0;
  const neededBytes = PROGRAM_BYTES + DATA_COPIES * data + slots * (fitting + data + largest);
  return {
    threads,
    memoryBytes: memory.total,
    freeBytes: memory.free,
    slots,
    neededBytes,
    advice: [...memoryAdvice(neededBytes, memory.free, features.rows), ...timeAdvice(leftOut.length)],
  };
}

function memoryAdvice(neededBytes: number, freeBytes: number, rows: number): string[] {
  if (neededBytes <= freeBytes) return [];
  const share = freeBytes / neededBytes;
  const fitting = Math.max(1, Math.floor((rows * share) / 1000) * 1000);
  return [
    `It needs about ${gigabytes(neededBytes)} of memory and ${gigabytes(freeBytes)} are free: train on a sample of about ${fitting} rows, leave out columns with --ignore, use --threads 1, or take a machine with ${gigabytes(neededBytes)}.`,
  ];
}

function timeAdvice(leftOut: number): string[] {
  return leftOut === 0
    ? []
    : [`${leftOut} configurations do not fit into the usual work; --time 10m (or more) tries them as well.`];
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toPrecision(2)} GB`;
