/** How alike texts are: shingles, and MinHash by one permutation (Li, Owen and Zhang 2012) to find candidates. */

const SHINGLE = 5;
const BINS = 64;
const BAND = 4;
const EMPTY = 0xffffffff;

/** Hashes of all runs of five characters, without capitals and runs of white space; shorter texts are one shingle. */
export function shingles(text: string): Set<number> {
  const found = new Set<number>();
  eachShingle(text, (hash) => found.add(hash));
  return found;
}

function eachShingle(text: string, visit: (hash: number) => void): void {
  const plain = text.toLowerCase().replace(/\s+/g, " ").trim();
  if (plain.length === 0) return;
  for (let start = 0; start === 0 || start + SHINGLE <= plain.length; start++) {
    let hash = 0x811c9dc5;
    const end = Math.min(plain.length, start + SHINGLE);
    for (let at = start; at < end; at++) hash = Math.imul(hash ^ plain.charCodeAt(at), 0x01000193);
    hash ^= hash >>> 16;
    hash = Math.imul(hash, 0x85ebca6b);
    visit((hash ^ (hash >>> 13)) >>> 0);
  }
}

/** Shared shingles over all of both, 0..1; 1 for two empty texts. */
export function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  if (a.size === 0 && b.size === 0) return 1;
  let shared = 0;
  for (const one of a) if (b.has(one)) shared += 1;
  return shared / (a.size + b.size - shared);
}

/**
 * Sixteen keys: texts that share four fifths of their shingles agree in one of them with a probability of 0.9998,
 * texts that share a third with one of 0.2.
 */
export function bandKeys(text: string): Uint32Array {
  const least = new Uint32Array(BINS).fill(EMPTY);
  eachShingle(text, (hash) => {
    const bin = hash >>> 26;
    if (hash < least[bin]!) least[bin] = hash;
  });
  fillEmptyBins(least);
  return Uint32Array.from({ length: BINS / BAND }, (_, band) => {
    let key = band + 1;
    for (let at = band * BAND; at < (band + 1) * BAND; at++)
      key = Math.imul(key ^ least[at]!, 0x9e3779b1) ^ (key >>> 15);
    return key >>> 0;
  });
}

/** An empty bin takes what the next filled one holds, so that short texts can agree (Shrivastava and Li 2014). */
function fillEmptyBins(least: Uint32Array): void {
  const given = least.slice();
  for (let bin = 0; bin < BINS; bin++) {
    let step = 0;
    while (step < BINS && given[(bin + step) % BINS] === EMPTY) step++;
    if (step > 0) least[bin] = Math.imul(given[(bin + step) % BINS]! + step, 0xc2b2ae35) >>> 0;
  }
}
