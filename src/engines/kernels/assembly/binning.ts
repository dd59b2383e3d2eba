// Values become bins: at most 255 of values, and a missing one.

import { hash, sortKeys } from "./random";
import { workers } from "./settings";

// ---- settings of a binning job
/** Rows of the staged columns. */
export let stagedRows: i32 = 0;
export let stagedColumns: i32 = 0;
/** float32 [stagedColumns][stagedRows]. */
export let staged: usize = 0;
/** uint8 [stagedColumns][stagedRows]. */
export let stagedBins: usize = 0;
/** `ColumnBins` [stagedColumns]. */
export let columnTable: usize = 0;
/** Numeric values are sorted from a sample of this many rows. */
export let sampleRows: i32 = 0;
export let maxBins: i32 = 255;
/** Scratch of worker w: sortScratch + w * sortScratchBytes. */
export let sortScratch: usize = 0;
export let sortScratchBytes: i32 = 0;
/** 1: the bins are known already (validation rows); only apply them. */
export let binsKnown: i32 = 0;

/** How a column is binned. 1,056 bytes: 32, then 256 thresholds. */
@unmanaged
export class ColumnBins {
  /** 0 = numeric; otherwise the number of categories, whose codes are the values. */
  categories: i32;
  /** Bins of values; missing values get bin `valueBins`. */
  valueBins: i32;
  missing: i32;
  /** Categories: uint8 [categories], the bin of each code; rare ones share the missing bin. */
  codeBins: u32;
  reserved0: i32;
  reserved1: i32;
  reserved2: i32;
  reserved3: i32;
}
const COLUMN_BYTES: usize = 32 + 1024;
/** Counters of the radix sort: three digits of 11 bits. */
const COUNTERS: usize = 3 * 2048 * 4;

/** Bins this worker's share of the staged columns. */
export function binColumns(worker: i32): void {
  for (let k = worker; k < stagedColumns; k += workers) {
    const table = columnTable + <usize>k * COLUMN_BYTES;
    const column = changetype<ColumnBins>(table);
    const values = staged + ((<usize>k * <usize>stagedRows) << 2);
    const bins = stagedBins + <usize>k * <usize>stagedRows;
    const scratch = sortScratch + <usize>worker * <usize>sortScratchBytes;
    if (column.categories > 0) {
      if (!binsKnown) rankCategories(column, values, scratch);
      applyCategories(column, values, bins);
    } else {
      if (!binsKnown) {
        const count = sortSample(values, scratch, k);
        column.valueBins = chooseThresholds(scratch, count, table + 32) + 1;
      }
      applyThresholds(column, values, bins, table + 32);
    }
  }
}

@inline
function ordered(value: f32): u32 {
  // Minus zero equals zero.
  const bits = reinterpret<u32>(value + 0);
  return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

/** Sorts the finite and infinite values of a sample into float32 at `target`; returns how many. */
function sortSample(values: usize, target: usize, stream: i32): i32 {
  const sample = min(sampleRows, stagedRows);
  const keys = target + (<usize>sample << 2);
  const counters = keys + (<usize>sample << 2);
  memory.fill(counters, 0, COUNTERS);
  const step = <f64>stagedRows / <f64>sample;
  let count = 0;
  for (let i = 0; i < sample; i++) {
    // One row from each of `sample` equal stretches, so that no period of the data can hide.
    const jitter = sample == stagedRows ? 0 : <f64>hash(stream, i) / 4294967296.0;
    const value = load<f32>(values + (<usize>min(stagedRows - 1, <i32>((<f64>i + jitter) * step)) << 2));
    if (value != value) continue;
    const key = ordered(value);
    store<u32>(target + (<usize>count << 2), key);
    count++;
    countDigit(counters, key & 2047);
    countDigit(counters + 8192, (key >> 11) & 2047);
    countDigit(counters + 16384, key >> 22);
  }
  scatter(counters, target, keys, count, 0);
  scatter(counters + 8192, keys, target, count, 11);
  scatter(counters + 16384, target, keys, count, 22);
  for (let i: usize = 0; i < <usize>count << 2; i += 4) {
    const key = load<u32>(keys + i);
    store<u32>(target + i, key & 0x80000000 ? key ^ 0x80000000 : ~key);
  }
  return count;
}

@inline
function countDigit(counters: usize, digit: u32): void {
  const at = counters + (<usize>digit << 2);
  store<u32>(at, load<u32>(at) + 1);
}

/** One stable pass of the radix sort. */
function scatter(counters: usize, from: usize, to: usize, count: i32, shift: u32): void {
  let before: u32 = 0;
  for (let digit: usize = 0; digit < 8192; digit += 4) {
    const size = load<u32>(counters + digit);
    store<u32>(counters + digit, before);
    before += size;
  }
  for (let i: usize = 0; i < <usize>count << 2; i += 4) {
    const key = load<u32>(from + i);
    const at = counters + (<usize>((key >> shift) & 2047) << 2);
    const position = load<u32>(at);
    store<u32>(at, position + 1);
    store<u32>(to + (<usize>position << 2), key);
  }
}

/**
 * Writes increasing thresholds, padded with +Infinity to 256, between distinct sorted values: all of them if
 * they fit, otherwise such that bins hold about equal numbers of what is left, so that a frequent value gets a
 * bin of its own. A value belongs to the first bin whose threshold is not below it. Returns their number.
 */
export function chooseThresholds(sorted: usize, count: i32, thresholds: usize): i32 {
  for (let k: usize = 0; k < 1024; k += 4) store<f32>(thresholds + k, Infinity);
  let distinct = 1;
  for (let i = 1; i < count; i++) distinct += <i32>(valueAt(sorted, i) != valueAt(sorted, i - 1));
  let written = 0;
  let rest = count;
  let binsLeft = maxBins;
  let held = 0;
  for (let i = 0; i < count; ) {
    const value = valueAt(sorted, i);
    let next = i + 1;
    while (next < count && valueAt(sorted, next) == value) next++;
    held += next - i;
    if (next >= count) break;
    if (distinct <= maxBins || (binsLeft > 1 && <f64>held * <f64>binsLeft >= <f64>rest)) {
      store<f32>(thresholds + (<usize>written << 2), between(value, valueAt(sorted, next)));
      written++;
      binsLeft--;
      rest -= held;
      held = 0;
    }
    i = next;
  }
  return written;
}

@inline
function valueAt(sorted: usize, index: i32): f32 {
  return load<f32>(sorted + (<usize>index << 2));
}

/** A float32 t with low <= t < high, near the middle. */
@inline
function between(low: f32, high: f32): f32 {
  const middle = low * 0.5 + high * 0.5;
  return middle >= low && middle < high ? middle : low;
}

/** Binary search in eight steps without branches: the number of thresholds below the value. */
function applyThresholds(column: ColumnBins, values: usize, bins: usize, thresholds: usize): void {
  let missing = 0;
  const missingBin = column.valueBins;
  for (let row = 0; row < stagedRows; row++) {
    const x = load<f32>(values + (<usize>row << 2));
    let at = thresholds;
    at += <usize>(x > load<f32>(at, 508)) << 9;
    at += <usize>(x > load<f32>(at, 252)) << 8;
    at += <usize>(x > load<f32>(at, 124)) << 7;
    at += <usize>(x > load<f32>(at, 60)) << 6;
    at += <usize>(x > load<f32>(at, 28)) << 5;
    at += <usize>(x > load<f32>(at, 12)) << 4;
    at += <usize>(x > load<f32>(at, 4)) << 3;
    at += <usize>(x > load<f32>(at)) << 2;
    const absent = x != x;
    missing += <i32>absent;
    store<u8>(bins + <usize>row, select<i32>(missingBin, <i32>((at - thresholds) >> 2), absent));
  }
  column.missing = missing;
}

/** Code of a category, or -1 for anything that is not one. */
@inline
function codeOf(value: f32, categories: i32): i32 {
  if (!(value >= 0 && value < <f32>categories)) return -1;
  const code = <i32>value;
  return <f32>code == value ? code : -1;
}

/** The most frequent categories get bins, in the order of their codes; the rest share the missing bin. */
function rankCategories(column: ColumnBins, values: usize, scratch: usize): void {
  const categories = column.categories;
  const codeBins = <usize>column.codeBins;
  memory.fill(scratch, 0, <usize>categories << 3);
  for (let row = 0; row < stagedRows; row++) {
    const code = codeOf(load<f32>(values + (<usize>row << 2)), categories);
    if (code < 0) continue;
    const at = scratch + (<usize>code << 3);
    store<u64>(at, load<u64>(at) + 1);
  }
  // Keys sort by falling count, then by code.
  for (let code = 0; code < categories; code++) {
    const at = scratch + (<usize>code << 3);
    store<u64>(at, ((0xffffffff - load<u64>(at)) << 32) | <u64>code);
  }
  sortKeys(scratch, categories);
  const kept = min(categories, maxBins);
  memory.fill(codeBins, 0, categories);
  for (let k = 0; k < kept; k++) store<u8>(codeBins + <usize>load<u32>(scratch + (<usize>k << 3)), 1);
  let next = 0;
  for (let code = 0; code < categories; code++) {
    const chosen = load<u8>(codeBins + <usize>code) == 1;
    store<u8>(codeBins + <usize>code, chosen ? next++ : kept);
  }
  column.valueBins = kept;
}

function applyCategories(column: ColumnBins, values: usize, bins: usize): void {
  let missing = 0;
  for (let row = 0; row < stagedRows; row++) {
    const code = codeOf(load<f32>(values + (<usize>row << 2)), column.categories);
    const bin = code < 0 ? column.valueBins : <i32>load<u8>(<usize>column.codeBins + <usize>code);
    missing += <i32>(bin == column.valueBins);
    store<u8>(bins + <usize>row, bin);
  }
  column.missing = missing;
}
