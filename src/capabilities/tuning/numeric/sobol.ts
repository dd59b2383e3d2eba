/**
 * Sobol points by index (Antonov and Saleev's Gray-code order, directions of Joe and Kuo), scrambled as Owen does,
 * by hashing (Burley, "Practical hash-based Owen scrambling", JCGT 9, 2020). No state: point n needs no point before.
 */
import { SOBOL_DIRECTIONS } from "./sobol-directions.js";

const BITS = 32;
/** Dimensions the table covers; coordinates beyond are the caller's affair. */
export const SOBOL_DIMENSIONS = SOBOL_DIRECTIONS.length + 1;

const columns = new Map<number, Uint32Array>();

/** The direction numbers of dimension 0, 1, ...: one word a bit, highest bit first. */
function directions(dimension: number): Uint32Array {
  const known = columns.get(dimension);
  if (known) return known;
  const words = new Uint32Array(BITS);
  if (dimension === 0) {
    for (let k = 0; k < BITS; k++) words[k] = 2 ** (BITS - 1 - k);
  } else {
    const [polynomialText, initial] = SOBOL_DIRECTIONS[dimension - 1]!.split(":");
    const polynomial = Number(polynomialText);
    const start = initial!.split(",").map(Number);
    const degree = start.length;
    for (let k = 0; k < BITS; k++) {
      if (k < degree) {
        words[k] = start[k]! * 2 ** (BITS - 1 - k);
        continue;
      }
      let word = words[k - degree]! ^ (words[k - degree]! >>> degree);
      for (let j = 1; j < degree; j++) if ((polynomial >>> (degree - j)) & 1) word ^= words[k - j]!;
      words[k] = word;
    }
  }
  columns.set(dimension, words);
  return words;
}

/** The unscrambled coordinate times 2^32. `index` in 0..2^32-1, `dimension` below `SOBOL_DIMENSIONS`. */
export function sobolWord(index: number, dimension: number): number {
  const words = directions(dimension);
  let gray = (index ^ (index >>> 1)) >>> 0;
  let word = 0;
  for (let k = 0; gray !== 0; k++, gray >>>= 1) if (gray & 1) word ^= words[k]!;
  return word >>> 0;
}

function reverseBits(word: number): number {
  let bits = word;
  bits = ((bits >>> 1) & 0x55555555) | ((bits & 0x55555555) << 1);
  bits = ((bits >>> 2) & 0x33333333) | ((bits & 0x33333333) << 2);
  bits = ((bits >>> 4) & 0x0f0f0f0f) | ((bits & 0x0f0f0f0f) << 4);
  bits = ((bits >>> 8) & 0x00ff00ff) | ((bits & 0x00ff00ff) << 8);
  return ((bits >>> 16) | (bits << 16)) >>> 0;
}

/** Flips each bit by a coin that depends on the seed and on all higher bits. */
function scramble(word: number, seed: number): number {
  let bits = reverseBits(word);
  bits ^= Math.imul(bits, 0x3d20adea);
  bits = (bits + seed) | 0;
  bits = Math.imul(bits, (seed >>> 16) | 1);
  bits ^= Math.imul(bits, 0x05526c56);
  bits ^= Math.imul(bits, 0x53a22864);
  return reverseBits(bits >>> 0);
}

/** One coordinate in (0, 1) of a scrambled sequence; `seed` is a 32-bit number, one a dimension. */
export function scrambledSobol(index: number, dimension: number, seed: number): number {
  return (scramble(sobolWord(index, dimension), seed) + 0.5) / 2 ** BITS;
}
