/** How well cosines of vectors tell which texts, or pictures, belong together. */
import { createVectorIndex, type Vectors } from "./vector-index.js";

/** Of vectors of pairs, row k and row k. */
export interface VectorPairs {
  readonly first: Vectors;
  readonly second: Vectors;
}

/** Cosine of each pair; 0 where a vector is all zeros. */
export function cosinesOf({ first, second }: VectorPairs): Float64Array {
  const { width } = first;
  return Float64Array.from({ length: first.values.length / width }, (_, row) => {
    let [product, left, right] = [0, 0, 0];
    for (let k = row * width; k < (row + 1) * width; k++) {
      const [a, b] = [first.values[k]!, second.values[k]!];
      product += a * b;
      left += a * a;
      right += b * b;
    }
    return left > 0 && right > 0 ? product / Math.sqrt(left * right) : 0;
  });
}

export interface RetrievalFigures {
  /** Share of first texts whose second text is the nearest, among the nearest 5, 10. */
  readonly recallAt1: number;
  readonly recallAt5: number;
  readonly recallAt10: number;
  /** Mean of 1 / rank of the nearest one that belongs to it. */
  readonly meanReciprocalRank: number;
}

/**
 * Each first text looks for its second one among all different second texts of the pairs.
 * @param firsts numbers of equal first texts; @param seconds of equal second texts: what any pair holds counts as found
 */
export function retrievalFigures(
  { first, second }: VectorPairs,
  firsts: Int32Array,
  seconds: Int32Array,
): RetrievalFigures {
  const candidates = firstRows(seconds);
  const asked = firstRows(firsts);
  const wanted = new Map<number, Set<number>>();
  for (const [row, text] of firsts.entries()) {
    wanted.set(text, (wanted.get(text) ?? new Set()).add(seconds[row]!));
  }
  const index = createVectorIndex(takeVectors(second, candidates));
  const ranks: number[] = [];
  for (let start = 0; start < asked.length; start += ASKED_TOGETHER) {
    const part = asked.subarray(start, start + ASKED_TOGETHER);
    for (const [k, { rows }] of index.nearest(takeVectors(first, part), candidates.length).entries()) {
      const own = wanted.get(firsts[part[k]!]!)!;
      ranks.push(1 + rows.findIndex((row) => own.has(seconds[candidates[row]!]!)));
    }
  }
  const share = (most: number) => ranks.filter((rank) => rank <= most).length / ranks.length;
  return {
    ...{ recallAt1: share(1), recallAt5: share(5), recallAt10: share(10) },
    meanReciprocalRank: ranks.reduce((sum, rank) => sum + 1 / rank, 0) / ranks.length,
  };
}

/** Each has its whole order of candidates in memory. */
const ASKED_TOGETHER = 64;

/** Where each number stands first. */
function firstRows(numbers: Int32Array): Int32Array {
  const rows = new Map<number, number>();
  for (const [row, number] of numbers.entries()) if (!rows.has(number)) rows.set(number, row);
  return Int32Array.from(rows.values());
}

function takeVectors({ values, width }: Vectors, rows: Int32Array): Vectors {
  const taken = new Float32Array(rows.length * width);
  for (const [at, row] of rows.entries())
    taken.set(values.subarray(row * width, (row + 1) * width), at * width);
  return { values: taken, width };
}
