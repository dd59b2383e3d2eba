import { rowKeys, sortByKey } from "./row-keys.js";
import {
  LEFT_OUT,
  PART,
  requireRows,
  type Shares,
  type SplitInput,
  strataOf,
  usableRows,
} from "./split-input.js";

/**
 * Exact stratification: the rows of each stratum are put in key order and cut by count. The test part takes
 * the smallest keys, then validation, then training, so that changing the other shares leaves the test rows.
 *
 * Counts are rounded cumulatively over the strata, so every stratum is within one row of its share and the
 * whole is too. Every part gets a row of a class that has enough of them; a class of two goes to training and
 * test, a single row to training.
 *
 * Equal rows stay together: a cut that would fall between them moves to the nearer end of their run, unless
 * that moves it by more than a fifth of the part (a table of a few distinct rows).
 */
export function stratifiedParts(shares: Shares, input: SplitInput): Uint8Array {
  const rows = usableRows(input);
  requireRows(rows.length, shares.validation > 0 ? 3 : 2, "This split");
  const keys = rowKeys(input.rowHashes, input.seed);
  const parts = new Uint8Array(input.rowHashes.length).fill(LEFT_OUT);
  const counter = createCounter(shares);
  for (const stratum of strataOf(rows, input.target)) {
    const ordered = sortByKey(stratum, keys);
    const count = counter(ordered.length);
    const testEnd = snapToRunEnd(ordered, keys, { from: 0, rows: count.test });
    const validationEnd = snapToRunEnd(ordered, keys, { from: testEnd, rows: count.validation });
    for (const [i, row] of ordered.entries()) {
      parts[row] = i < testEnd ? PART.test : i < validationEnd ? PART.validation : PART.train;
    }
  }
  return parts;
}

/** Rows for test and validation out of the next stratum of a given size. */
function createCounter(shares: Shares): (size: number) => { test: number; validation: number } {
  let seen = 0;
  let test = 0;
  let validation = 0;
  return (size) => {
    seen += size;
    const count = {
      test: Math.round(seen * shares.test) - test,
      validation: Math.round(seen * shares.validation) - validation,
    };
    test += count.test;
    validation += count.validation;
    return withGuards(count, size, shares);
  };
}

function withGuards(count: { test: number; validation: number }, size: number, shares: Shares) {
  if (size === 1) return { test: 0, validation: 0 };
  if (size === 2) return { test: 1, validation: 0 };
  const validation = shares.validation > 0 ? Math.max(1, count.validation) : 0;
  const test = Math.max(1, Math.min(count.test, size - validation - 1));
  return { test, validation: Math.min(validation, size - test - 1) };
}

/**
 * Where a part of about `part.rows` rows from `part.from` ends: at the end of a run of equal keys if one is
 * within a fifth of the part; else exactly there. Leaves at least one row on both sides.
 */
function snapToRunEnd(ordered: Int32Array, keys: Float64Array, part: { from: number; rows: number }): number {
  if (part.rows === 0) return part.from;
  const cut = Math.min(part.from + part.rows, ordered.length - 1);
  const key = keys[ordered[cut]!]!;
  let start = cut;
  while (start > part.from && keys[ordered[start - 1]!] === key) start--;
  let end = cut;
  while (end < ordered.length && keys[ordered[end]!] === key) end++;
  if (start === cut) return cut;
  const limit = Math.max(1, Math.floor(part.rows / 5));
  const up = end < ordered.length ? end - cut : Number.POSITIVE_INFINITY;
  const down = start > part.from ? cut - start : Number.POSITIVE_INFINITY;
  if (Math.min(up, down) > limit) return cut;
  return up <= down ? end : start;
}
