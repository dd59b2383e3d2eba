import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import { gather } from "../../../foundation/base/gather.js";

/**
 * Sort keys from row identities. A key depends on the row's 64-bit hash and the seed alone, so whatever is
 * decided from keys does not depend on row order.
 */

/** Murmur3's 32-bit finaliser: every input bit changes every output bit with probability near one half. */
function avalanche(value: number): number {
  let mixed = value ^ (value >>> 16);
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed ^= mixed >>> 13;
  mixed = Math.imul(mixed, 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** Two 32-bit words from a text. */
function seedWords(seed: string): readonly [number, number] {
  let low = 0x9e3779b9;
  let high = 0x243f6a88;
  for (let i = 0; i < seed.length; i++) {
    low = avalanche(low ^ seed.charCodeAt(i));
    high = avalanche(high + low + seed.charCodeAt(i));
  }
  return [low, high];
}

/**
 * Uniform keys in [0, 1), 53 bits: three Feistel rounds over the halves of the hash, keyed by the seed, which
 * is a bijection, so different rows keep different 64-bit values. Equal hashes get equal keys.
 * @param hashes one a row
 */
export function rowKeys(hashes: BigUint64Array, seed: string | number): Float64Array {
  const [low, high] = seedWords(String(seed));
  const words = new Uint32Array(hashes.buffer, hashes.byteOffset, hashes.length * 2);
  const keys = new Float64Array(hashes.length);
  for (let row = 0; row < keys.length; row++) {
    let a = words[2 * row]!;
    let b = words[2 * row + 1]!;
    a ^= avalanche(b ^ low);
    b ^= avalanche(a ^ high);
    a ^= avalanche(b + low);
    keys[row] = ((b >>> 0) * 2097152 + (a >>> 11)) / 9007199254740992;
  }
  return keys;
}

/** 64-bit hash of a text, for group names (two independent 32-bit streams). */
export function hashText(text: string): bigint {
  let low = 0x811c9dc5;
  let high = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    low = Math.imul(low ^ code, 0x01000193);
    high = avalanche(high ^ Math.imul(code + i, 0x9e3779b1));
  }
  return (BigInt(avalanche(high)) << 32n) | BigInt(avalanche(low ^ text.length));
}

/** Rows in the order of their keys; equal keys as the rows come. */
export function sortByKey(rows: Int32Array, keys: ArrayLike<number>): Int32Array {
  const order = ascendingOrder(gather(keys, rows));
  const ordered = new Int32Array(rows.length);
  for (let place = 0; place < ordered.length; place++) ordered[place] = rows[order[place]!]!;
  return ordered;
}
