// Gradient histograms: for each feature and bin, the packed sum over the rows of a leaf.

import { Feature } from "./records";
import {
  binsByRow, features, featureTable, gradientPairs, histogramBytes, mediumFeatures, rowIndex, wideFeatures,
} from "./settings";
import { gatherBuffer } from "./workspace";

const BATCH: usize = 64;
/**
 * Width classes: features with up to 256, 64 or 16 slots. Within a class the distance between features is a
 * constant, and so an immediate offset of the load. A type stands for each, since only types are constants of a
 * generic function: 128 * size * size bytes a feature.
 */
type Wide = u32;
type Medium = u16;
type Narrow = u8;

@inline
function stride<T>(): usize {
  return 128 * sizeof<T>() * sizeof<T>();
}
/** Keeps the touching loads below alive. */
export let touched: i32 = 0;

@inline
export function featureAt(number: i32): Feature {
  return changetype<Feature>(featureTable + (<usize>number << 5));
}

/**
 * Sums the rows listed in positions start..end of `rowIndex` into a histogram, which is cleared first.
 * Rows come in batches: their pairs are gathered and both ends of their bins touched first, so that the cache
 * misses of a batch overlap instead of queueing behind the additions. Two rows are added side by side.
 */
export function buildHistogram(histogram: usize, start: i32, end: i32): void {
  memory.fill(histogram, 0, histogramBytes);
  const gathered = gatherBuffer();
  const width = <usize>features;
  const wide = <usize>wideFeatures;
  const medium = <usize>mediumFeatures;
  const narrow = width - wide - medium;
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
    for (; position + 4 < batchEnd; position += 8) {
      const first = bins + <usize>load<u32>(position) * width;
      const second = bins + <usize>load<u32>(position, 4) * width;
      addRows(histogram, first, second, load<i64>(source), load<i64>(source, 8), wide, medium, narrow);
      source += 16;
    }
    // Adding nothing for a second row is simpler than a second kind of loop.
    if (position < batchEnd) {
      const line = bins + <usize>load<u32>(position) * width;
      addRows(histogram, line, line, load<i64>(source), 0, wide, medium, narrow);
      position += 4;
    }
  }
}

/** Adds two rows' packed pairs to their slots of every feature. */
@inline
function addRows(
  histogram: usize, first: usize, second: usize, a: i64, b: i64, wide: usize, medium: usize, narrow: usize,
): void {
  if (wide) addClass<Wide>(histogram, first, second, a, b, wide);
  const slots = histogram + wide * stride<Wide>();
  if (medium) addClass<Medium>(slots, first + wide, second + wide, a, b, medium);
  if (!narrow) return;
  const done = wide + medium;
  addClass<Narrow>(slots + medium * stride<Medium>(), first + done, second + done, a, b, narrow);
}

/** Adds the pairs to `count` features of one width class, four at a time. */
@inline
function addClass<T>(slots: usize, first: usize, second: usize, a: i64, b: i64, count: usize): void {
  let x = first;
  let y = second;
  let h = slots;
  const end4 = first + (count & ~3);
  const end = first + count;
  for (; x < end4; x += 4) {
    addFour<T>(h, x, a);
    addFour<T>(h, y, b);
    y += 4;
    h += 4 * stride<T>();
  }
  for (; x < end; x++) {
    addOne(h, x, a);
    addOne(h, y, b);
    y++;
    h += stride<T>();
  }
}

@inline
function addOne(slots: usize, bin: usize, value: i64): void {
  const slot = slots + (<usize>load<u8>(bin) << 3);
  store<i64>(slot, load<i64>(slot) + value);
}

@inline
function addFour<T>(slots: usize, bins: usize, value: i64): void {
  const slot0 = slots + (<usize>load<u8>(bins) << 3);
  const slot1 = slots + (<usize>load<u8>(bins, 1) << 3);
  const slot2 = slots + (<usize>load<u8>(bins, 2) << 3);
  const slot3 = slots + (<usize>load<u8>(bins, 3) << 3);
  store<i64>(slot0, load<i64>(slot0) + value);
  store<i64>(slot1, load<i64>(slot1, stride<T>()) + value, stride<T>());
  store<i64>(slot2, load<i64>(slot2, 2 * stride<T>()) + value, 2 * stride<T>());
  store<i64>(slot3, load<i64>(slot3, 3 * stride<T>()) + value, 3 * stride<T>());
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
