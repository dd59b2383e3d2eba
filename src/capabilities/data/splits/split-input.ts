import { QuernError } from "../../../foundation/base/errors.js";
import { gather } from "../../../foundation/base/gather.js";
import type { SplitConfig } from "../../../foundation/contracts/split.js";
import { type Target, takeTarget } from "../../../foundation/contracts/target.js";

/** What splits are made from; every array has one entry a row. */
export interface SplitInput {
  /**
   * 64-bit identity of each row: a hash of its content. Equal rows have equal hashes and so go to the same
   * part (see `stratifiedParts` for the one exception).
   */
  readonly rowHashes: BigUint64Array;
  readonly seed: string | number;
  /** Rows whose code is -1 or whose value is not finite are left out of every part. */
  readonly target?: Target;
  /** Group of each row, "" = none: such a row is a group of its own. */
  readonly groups?: readonly string[];
  /** Epoch milliseconds, NaN = missing: left out. */
  readonly times?: ArrayLike<number>;
  /** Values of the split column, "" = missing: left out. */
  readonly columnValues?: readonly string[];
}

/** Codes of a division, one byte a row; see `SplitRecord`. */
export const PART = { train: 0, validation: 1, test: 2 } as const;
export const ALWAYS_TRAIN = 254;
export const LEFT_OUT = 255;

export interface Shares {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Rows that may be used: those with a target value, or all. Ascending. */
export function usableRows({ rowHashes, target }: SplitInput): Int32Array {
  const all = Int32Array.from({ length: rowHashes.length }, (_, row) => row);
  if (!target) return all;
  if (target.task === "regression") return all.filter((row) => Number.isFinite(target.values[row]));
  return all.filter((row) => target.codes[row]! >= 0);
}

/** @throws QuernError DATA_TOO_FEW_ROWS */
export function requireRows(available: number, needed: number, what: string): void {
  if (available >= needed) return;
  throw new QuernError(
    "DATA_TOO_FEW_ROWS",
    `${what} needs at least ${needed} usable rows; there are ${available}.`,
    {
      details: { available, needed },
    },
  );
}

/**
 * The strata of the given rows: class codes, or bins of the target quantiles for regression.
 * Strata are numbered 0..n-1 in ascending order of class or value.
 * @throws QuernError TARGET_UNUSABLE when classes cannot be divided
 */
export function strataOf(rows: Int32Array, target: Target | undefined): Int32Array[] {
  if (!target) return [rows];
  if (target.task === "regression") return quantileBins(rows, target.values);
  const byClass: number[][] = Array.from({ length: target.classes.length }, () => []);
  for (const row of rows) byClass[target.codes[row]!]!.push(row);
  const strata = byClass.filter((members) => members.length > 0);
  requireDivisibleClasses(strata, rows.length);
  return strata.map((members) => Int32Array.from(members));
}

function requireDivisibleClasses(strata: readonly number[][], rows: number): void {
  if (strata.length < 2) {
    throw new QuernError(
      "TARGET_UNUSABLE",
      `The target has ${strata.length === 1 ? "a single class" : "no value"} in ${rows} usable rows; there is nothing to learn.`,
      { details: { classes: strata.length, rows } },
    );
  }
  const repeated = strata.filter((members) => members.length > 1).length;
  if (repeated < 2) {
    throw new QuernError(
      "TARGET_UNUSABLE",
      `The target has ${strata.length} classes in ${rows} usable rows, and ${repeated === 0 ? "none" : `only ${repeated}`} of them ${repeated > 1 ? "occur" : "occurs"} more than once.`,
      {
        details: { classes: strata.length, rows, repeated },
        hint: "Choose another target, group its rare classes, or treat it as a number with `--task regression`.",
      },
    );
  }
}

/** Up to ten bins of about equal size, each of at least ten rows where there are that many; ties share a bin. */
function quantileBins(rows: Int32Array, values: ArrayLike<number>): Int32Array[] {
  const sorted = rows.slice().sort((a, b) => values[a]! - values[b]!);
  const bins = Math.max(1, Math.min(10, Math.floor(sorted.length / 10)));
  const result: Int32Array[] = [];
  let start = 0;
  for (let bin = 1; bin <= bins && start < sorted.length; bin++) {
    let end = Math.max(start + 1, Math.round((sorted.length * bin) / bins));
    while (end < sorted.length && values[sorted[end]!] === values[sorted[end - 1]!]) end++;
    result.push(sorted.slice(start, end));
    start = end;
  }
  return result;
}

/** The input a kind of split cannot do without. A missing one is a bug of the caller. */
export function requireInput<Key extends "groups" | "times" | "columnValues">(
  input: SplitInput,
  key: Key,
  config: SplitConfig,
): NonNullable<SplitInput[Key]> {
  const value = input[key];
  if (value === undefined) throw new Error(`A ${config.kind} split needs ${key}.`);
  if (value.length !== input.rowHashes.length) {
    throw new Error(`${key} has ${value.length} entries for ${input.rowHashes.length} rows.`);
  }
  return value;
}

/** The input for some of the rows, in the given order. */
export function takeInput(input: SplitInput, rows: Int32Array): SplitInput {
  const { target, groups, times, columnValues } = input;
  return {
    seed: input.seed,
    rowHashes: BigUint64Array.from(rows, (row) => input.rowHashes[row]!),
    ...(target && { target: takeTarget(target, rows) }),
    ...(groups && { groups: Array.from(rows, (row) => groups[row]!) }),
    ...(times && { times: gather(times, rows) }),
    ...(columnValues && { columnValues: Array.from(rows, (row) => columnValues[row]!) }),
  };
}
