import type { Random } from "../../src/foundation/base/random.js";

/** One to four of: a flipped bit, a random byte, a cut, a repeated part. */
export function mutated(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes.slice();
  for (let change = random.integer(4); change >= 0 && result.length > 0; change--) {
    const at = random.integer(result.length);
    const kind = random.integer(8);
    if (kind < 4) result[at]! ^= 1 << random.integer(8);
    else if (kind < 6) result[at] = random.integer(256);
    else if (kind < 7) result = result.slice(0, at);
    else result = Uint8Array.from([...result.slice(0, at), ...result.slice(random.integer(at + 1))]);
  }
  return result;
}
