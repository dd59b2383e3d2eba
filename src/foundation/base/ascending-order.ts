/**
 * Orders of many numbers, faster than a comparison sort: least-significant-digit radix sort on the bits of
 * doubles (Knuth, TAOCP 3, 5.2.5), 8 or 16 bits a pass, passes in which all values agree skipped.
 */
import { gather } from "./gather.js";

const SMALL = 1024;
/** From so many numbers on the counts of 16 bits cost less than twice the passes. */
const LARGE = 0x10000;

/** Row numbers by ascending value; equal values keep their order. NaN is not allowed. O(n) when sorted already. */
export function ascendingOrder(values: Float64Array): Uint32Array {
  const order = new Uint32Array(values.length);
  for (let row = 0; row < order.length; row++) order[row] = row;
  if (isAscending(values)) return order;
  if (values.length <= SMALL) return order.sort((a, b) => values[a]! - values[b]! || a - b);
  return radixOrder(values, order);
}

/** Positions of the finite values, in ascending order of value; equal values keep their order. */
export function finiteOrder(values: Float64Array): Uint32Array {
  const places = new Uint32Array(values.length);
  let count = 0;
  for (let place = 0; place < values.length; place++) {
    if (Number.isFinite(values[place]!)) places[count++] = place;
  }
  if (count === values.length) return ascendingOrder(values);
  return ascendingOrder(gather(values, places.subarray(0, count))).map((i) => places[i]!);
}

export function isAscending(values: Float64Array): boolean {
  for (let i = 1; i < values.length; i++) if (values[i]! < values[i - 1]!) return false;
  return true;
}

function radixOrder(values: Float64Array, order: Uint32Array): Uint32Array {
  const [low, high] = sortableBits(values);
  let from = order;
  let to: Uint32Array = new Uint32Array(values.length);
  const bits = values.length < LARGE ? 8 : 16;
  for (const words of [low, high]) {
    for (let shift = 0; shift < 32; shift += bits) {
      if (scatter({ words, shift, digits: 1 << bits }, from, to)) [from, to] = [to, from];
    }
  }
  return from;
}

/** Low and high words of keys that compare, unsigned, as the doubles do; -0 and 0 are equal. */
function sortableBits(values: Float64Array): [Uint32Array, Uint32Array] {
  const low = new Uint32Array(values.length);
  const high = new Uint32Array(values.length);
  const one = new Float64Array(1);
  const words = new Uint32Array(one.buffer);
  for (let i = 0; i < values.length; i++) {
    one[0] = values[i]! + 0;
    const top = words[1]!;
    if (top & 0x80000000) {
      low[i] = ~words[0]!;
      high[i] = ~top;
    } else {
      low[i] = words[0]!;
      high[i] = top | 0x80000000;
    }
  }
  return [low, high];
}

interface Digit {
  readonly words: Uint32Array;
  readonly shift: number;
  /** How many there are: a power of two. */
  readonly digits: number;
}

/** One stable pass; false when every key has the same digit, and nothing was moved. */
function scatter({ words, shift, digits }: Digit, from: Uint32Array, to: Uint32Array): boolean {
  const starts = new Uint32Array(digits + 1);
  const mask = digits - 1;
  for (let i = 0; i < words.length; i++) starts[((words[i]! >>> shift) & mask) + 1]!++;
  if (starts[((words[0]! >>> shift) & mask) + 1] === words.length) return false;
  for (let digit = 0; digit < digits; digit++) starts[digit + 1]! += starts[digit]!;
  for (let i = 0; i < from.length; i++) {
    const row = from[i]!;
    to[starts[(words[row]! >>> shift) & mask]!++] = row;
  }
  return true;
}
