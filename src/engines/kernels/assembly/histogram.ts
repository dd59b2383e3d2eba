// Gradient histograms: for each feature and bin, the packed sum over the rows of a leaf.

import { Feature } from "./records";
import {
  binsByRow, features, featureTable, gradientPairs, histogramBytes, rowIndex,
} from "./settings";
import { gatherBuffer, slotAddresses } from "./workspace";

const BATCH: usize = 64;
/** Keeps the touching loads below alive. */
export let touched: i32 = 0;

@inline
export function featureAt(number: i32): Feature {
  return changetype<Feature>(featureTable + (<usize>number << 5));
}

/** Where each feature's slots start when the histogram is at `histogram`. */
function placeSlots(histogram: usize, table: usize): void {
  for (let f = 0; f < features; f++) {
    store<u32>(table + (<usize>f << 2), <u32>histogram + featureAt(f).offset);
  }
}

@inline
function add(slots: usize, bin: usize, value: i64): void {
  const slot = slots + (bin << 3);
  store<i64>(slot, load<i64>(slot) + value);
}

/**
 * Sums the rows listed in positions start..end of `rowIndex` into a histogram, which is cleared first.
 * Rows come in batches: their pairs are gathered and both ends of their bins touched first, so that the cache
 * misses of a batch overlap instead of queueing behind the additions.
 */
export function buildHistogram(histogram: usize, start: i32, end: i32): void {
  memory.fill(histogram, 0, histogramBytes);
  const table = slotAddresses();
  placeSlots(histogram, table);
  const gathered = gatherBuffer();
  const width = <usize>features;
  const bins = binsByRow;
  const pairs = gradientPairs;
  const last = rowIndex + (<usize>end << 2);
  let position = rowIndex + (<usize>start << 2);
  while (position < last) {
    const batchEnd = min(position + (BATCH << 2), last);
    let target = gathered;
    let sink = 0;
    for (let at = position; at < batchEnd; at += 4) {
      const row = <usize>load<u32>(at);
      store<i64>(target, load<i64>(pairs + (row << 3)));
      target += 8;
      const line = bins + row * width;
      sink += <i32>load<u8>(line) + <i32>load<u8>(line + width - 1);
    }
    touched = sink;
    let source = gathered;
    for (; position < batchEnd; position += 4) {
      addRow(bins + <usize>load<u32>(position) * width, width, table, load<i64>(source));
      source += 8;
    }
  }
}

/** Adds one row's packed pair to its slot of every feature; eight at a time for independent loads. */
@inline
function addRow(line: usize, width: usize, table: usize, value: i64): void {
  let bin = line;
  const end8 = line + (width & ~7);
  const end = line + width;
  for (; bin < end8; bin += 8) {
    const slot0 = <usize>load<u32>(table) + (<usize>load<u8>(bin) << 3);
    const slot1 = <usize>load<u32>(table, 4) + (<usize>load<u8>(bin, 1) << 3);
    const slot2 = <usize>load<u32>(table, 8) + (<usize>load<u8>(bin, 2) << 3);
    const slot3 = <usize>load<u32>(table, 12) + (<usize>load<u8>(bin, 3) << 3);
    const slot4 = <usize>load<u32>(table, 16) + (<usize>load<u8>(bin, 4) << 3);
    const slot5 = <usize>load<u32>(table, 20) + (<usize>load<u8>(bin, 5) << 3);
    const slot6 = <usize>load<u32>(table, 24) + (<usize>load<u8>(bin, 6) << 3);
    const slot7 = <usize>load<u32>(table, 28) + (<usize>load<u8>(bin, 7) << 3);
    store<i64>(slot0, load<i64>(slot0) + value);
    store<i64>(slot1, load<i64>(slot1) + value);
    store<i64>(slot2, load<i64>(slot2) + value);
    store<i64>(slot3, load<i64>(slot3) + value);
    store<i64>(slot4, load<i64>(slot4) + value);
    store<i64>(slot5, load<i64>(slot5) + value);
    store<i64>(slot6, load<i64>(slot6) + value);
    store<i64>(slot7, load<i64>(slot7) + value);
    table += 32;
  }
  for (; bin < end; bin++) {
    add(<usize>load<u32>(table), <usize>load<u8>(bin), value);
    table += 4;
  }
}

/** Adds the same bytes of `count - 1` further partial histograms, each `histogramBytes` after the last. */
export function addPartials(target: usize, first: usize, count: i32, bytes: usize): void {
  for (let k = 0; k < count; k++) {
    const from = first + <usize>k * <usize>histogramBytes;
    for (let i: usize = 0; i < bytes; i += 16) {
      v128.store(target + i, i64x2.add(v128.load(target + i), v128.load(from + i)));
    }
  }
}

/** minuend -= subtrahend: the sibling's histogram from the parent's. */
export function subtract(minuend: usize, subtrahend: usize, bytes: usize): void {
  for (let i: usize = 0; i < bytes; i += 16) {
    v128.store(minuend + i, i64x2.sub(v128.load(minuend + i), v128.load(subtrahend + i)));
  }
}
