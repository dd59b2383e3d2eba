/**
 * Intervals from models of folds: CV+ and, with a fold a row, jackknife+ (Barber, Candès, Ramdas and Tibshirani
 * 2021). They hold the truth with a probability of at least 1 - 2 (1 - level), in practice about `level`, and need no
 * rows set aside.
 */
import type { Intervals } from "./apply.js";
import { conformalRank } from "./quantile.js";

export interface CrossConformalInput {
  /** |actual - out-of-fold prediction| of each learning row. */
  readonly residuals: Float64Array;
  /** Fold in which each learning row was left out, 0..K-1. */
  readonly folds: Int32Array;
  /** `foldPredictions[k]`: the new rows, by the model that did not see fold k. */
  readonly foldPredictions: readonly Float64Array[];
  readonly level: number;
}

/** One interval a new row, in the target's unit. O(new rows * folds * log rows). */
export function crossConformalIntervals(input: CrossConformalInput): Intervals {
  const { residuals, folds, foldPredictions, level } = input;
  const sorted = foldPredictions.map((_, fold) => residuals.filter((__, row) => folds[row] === fold).sort());
  const rank = conformalRank(residuals.length, level);
  const rows = foldPredictions[0]?.length ?? 0;
  const low = new Float64Array(rows);
  const high = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const upper = foldPredictions.map((values) => values[row]!);
    high[row] = shiftedRank(sorted, upper, rank);
    // The floor((n + 1)(1 - level))-th smallest of prediction - residual, seen in the mirror.
    low[row] = -shiftedRank(
      sorted,
      upper.map((value) => -value),
      rank,
    );
  }
  return { low, high };
}

/** The `rank`-th smallest (from 1) of all `shifts[k] + sorted[k][i]`; infinite beyond the last. */
function shiftedRank(sorted: readonly Float64Array[], shifts: readonly number[], rank: number): number {
  const total = sorted.reduce((sum, values) => sum + values.length, 0);
  if (rank > total) return Number.POSITIVE_INFINITY;
  const filled = Array.from(sorted.keys()).filter((k) => sorted[k]!.length > 0);
  let below = Math.min(...filled.map((k) => shifts[k]! + sorted[k]![0]!)) - 1;
  let above = Math.max(...filled.map((k) => shifts[k]! + sorted[k]!.at(-1)!));
  // Bisection keeps: fewer than `rank` values are <= below, at least `rank` are <= above.
  for (let step = 0; step < 200; step++) {
    const middle = below + (above - below) / 2;
    if (middle <= below || middle >= above) break;
    const count = filled.reduce((sum, k) => sum + atMost(sorted[k]!, middle, shifts[k]!), 0);
    if (count >= rank) above = middle;
    else below = middle;
  }
  return above;
}

/** How many `shift + values[i]` are at most `limit`. */
function atMost(values: Float64Array, limit: number, shift: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (shift + values[middle]! <= limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
