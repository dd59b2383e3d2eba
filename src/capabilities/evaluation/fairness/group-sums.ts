/** Sums over the rows of a group, from which every figure by group follows. */
import { shareInterval } from "../../../foundation/base/beta-distribution.js";
import { normalQuantile } from "../../../foundation/base/normal-distribution.js";

/** What one row adds to its group. Classes: 0/1 and the probability of the class. Numbers: actual and predicted. */
export interface GroupRows {
  readonly kind: "class" | "number";
  readonly actual: Float64Array;
  /** 1 where the class is decided; empty for numbers. */
  readonly decided: Uint8Array;
  readonly predicted: Float64Array;
}

export interface GroupSums {
  rows: number;
  decided: number;
  positives: number;
  hits: number;
  /** Of actual - predicted, of its size and of its square. */
  residual: number;
  size: number;
  square: number;
}

export function sumGroup(
  data: GroupRows,
  rows: ArrayLike<number>,
  pick: (index: number) => number,
): GroupSums {
  const sums = { rows: 0, decided: 0, positives: 0, hits: 0, residual: 0, size: 0, square: 0 };
  for (let index = 0; index < rows.length; index++) {
    const row = rows[pick(index)]!;
    const actual = data.actual[row]!;
    const residual = actual - data.predicted[row]!;
    sums.rows += 1;
    sums.residual += residual;
    sums.size += Math.abs(residual);
    sums.square += residual * residual;
    if (data.kind === "number") continue;
    const decided = data.decided[row]!;
    sums.decided += decided;
    sums.positives += actual;
    sums.hits += decided * actual;
  }
  return sums;
}

export interface Measure {
  readonly id: string;
  readonly value: (sums: GroupSums) => number;
  readonly interval: (sums: GroupSums) => readonly [number, number];
}

const Z95 = normalQuantile(0.975);

const shareOf = (
  id: string,
  hits: (sums: GroupSums) => number,
  rows: (sums: GroupSums) => number,
): Measure => ({
  id,
  value: (sums) => hits(sums) / rows(sums),
  interval: (sums) => shareInterval(hits(sums), rows(sums)),
});

const meanOf = (
  id: string,
  sum: (sums: GroupSums) => number,
  square: (sums: GroupSums) => number,
): Measure => ({
  id,
  value: (sums) => sum(sums) / sums.rows,
  interval: (sums) => {
    const mean = sum(sums) / sums.rows;
    const variance = Math.max(0, square(sums) - sums.rows * mean * mean) / (sums.rows - 1);
    const reach = Z95 * Math.sqrt(variance / sums.rows);
    return [mean - reach, mean + reach];
  },
});

/** Rates of decisions, and how far stated probabilities are from what happened (observed - stated, mean). */
export const CLASS_MEASURES = {
  selectionRate: shareOf(
    "selectionRate",
    (sums) => sums.decided,
    (sums) => sums.rows,
  ),
  baseRate: shareOf(
    "baseRate",
    (sums) => sums.positives,
    (sums) => sums.rows,
  ),
  truePositiveRate: shareOf(
    "truePositiveRate",
    (sums) => sums.hits,
    (sums) => sums.positives,
  ),
  falsePositiveRate: shareOf(
    "falsePositiveRate",
    (sums) => sums.decided - sums.hits,
    (sums) => sums.rows - sums.positives,
  ),
  precision: shareOf(
    "precision",
    (sums) => sums.hits,
    (sums) => sums.decided,
  ),
  calibrationGap: meanOf(
    "calibrationGap",
    (sums) => sums.residual,
    (sums) => sums.square,
  ),
} as const satisfies Record<string, Measure>;

/** In the target's unit; residual = actual - predicted. */
export const NUMBER_MEASURES = {
  meanResidual: meanOf(
    "meanResidual",
    (sums) => sums.residual,
    (sums) => sums.square,
  ),
  meanAbsoluteError: meanOf(
    "meanAbsoluteError",
    (sums) => sums.size,
    (sums) => sums.square,
  ),
} as const satisfies Record<string, Measure>;
