import { kolmogorovDistance, kolmogorovTail } from "../../../foundation/base/tail-probability.js";

export interface KolmogorovSmirnov {
  /** Largest distance of the two empirical distributions, 0..1. */
  readonly distance: number;
  /** Chance of at least this distance under one distribution; with ties at most this. */
  readonly pValue: number;
  readonly exact: boolean;
}

/** Up to this product of the sample sizes all paths are counted; a few milliseconds. */
const EXACT_CELLS = 2_000_000;

/** Two-sample Kolmogorov-Smirnov test. Both ascending, without NaN, not empty. */
export function kolmogorovSmirnov(first: Float64Array, second: Float64Array): KolmogorovSmirnov {
  const distance = kolmogorovDistance(first, second);
  const exact = first.length * second.length <= EXACT_CELLS;
  const tail = exact ? exactTail : kolmogorovTail;
  return { distance, pValue: tail(distance, first.length, second.length), exact };
}

/**
 * P(D >= distance) without ties: the share of lattice paths from (0, 0) to (n, m) that touch the line of this
 * distance (Hodges 1958). A path through (i, j) came from (i - 1, j) with chance i / (i + j), so the shares are
 * summed without cancellation and tiny p values keep their digits.
 */
export function exactTail(distance: number, first: number, second: number): number {
  const n = Math.min(first, second);
  const m = Math.max(first, second);
  // In whole units of 1 / (n m), so that rounding cannot decide whether a path touches.
  const limit = Math.round(distance * n * m);
  if (limit <= 0) return 1;
  const touched = new Float64Array(n + 1);
  for (let j = 0; j <= m; j++) {
    if (j * n >= limit) touched[0] = 1;
    for (let i = 1; i <= n; i++) {
      if (Math.abs(i * m - j * n) >= limit) touched[i] = 1;
      else if (j > 0) touched[i] = (touched[i - 1]! * i + touched[i]! * j) / (i + j);
      else touched[i] = touched[i - 1]!;
    }
  }
  return Math.min(1, touched[n]!);
}
