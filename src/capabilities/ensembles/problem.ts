/** What every way of combining is asked: candidates, the truth, and how to judge. */
import { computeMetric, type Metric } from "../../foundation/contracts/metric.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import { averagePredictions, takePredictions } from "./predictions.js";

/** What a member adds to the exported model. */
export interface MemberCost {
  /** Seconds a row at prediction. */
  readonly secondsPerRow: number;
  /** Of the exported graph. */
  readonly bytes: number;
}

export interface EnsembleCandidate {
  /** For rows that the candidate's models did not learn from: out-of-fold, or of held-out rows. */
  readonly predictions: Predictions;
  /** Absent: nothing. */
  readonly cost?: MemberCost;
}

export interface CombinationProblem {
  /** At least one, all for the same rows. */
  readonly candidates: readonly EnsembleCandidate[];
  readonly target: Target;
  /** Finite and non-negative, one a row. Absent: all 1. */
  readonly weights?: Float64Array;
  /** Judges the combination, with its own defaults. */
  readonly metric: Metric;
}

/** Greater is better, for either direction; NaN, which no metric wants, is worst. */
export function oriented(metric: Pick<Metric, "direction">, value: number): number {
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
  return metric.direction === "maximize" ? value : -value;
}

/** The metric's value, in its own unit and direction. */
export function metricValue(problem: CombinationProblem, predictions: Predictions): number {
  const { metric, target, weights } = problem;
  return computeMetric(metric, { target, predictions, ...(weights ? { weights } : {}) });
}

/** The metric's value for a weighted mean of the candidates. */
export function combinedValue(problem: CombinationProblem, weights: ArrayLike<number>): number {
  return metricValue(
    problem,
    averagePredictions(
      problem.candidates.map((candidate) => candidate.predictions),
      weights,
    ),
  );
}

/** The same question about the given rows only. */
export function takeProblem(problem: CombinationProblem, rows: ArrayLike<number>): CombinationProblem {
  const { weights } = problem;
  return {
    ...problem,
    candidates: problem.candidates.map((candidate) => ({
      ...candidate,
      predictions: takePredictions(candidate.predictions, rows),
    })),
    target: takeTarget(problem.target, rows),
    ...(weights ? { weights: Float64Array.from({ length: rows.length }, (_, i) => weights[rows[i]!]!) } : {}),
  };
}

/** What the members with weight cost together. */
export function combinedCost(
  candidates: readonly EnsembleCandidate[],
  weights: ArrayLike<number>,
): MemberCost {
  let secondsPerRow = 0;
  let bytes = 0;
  for (const [k, { cost }] of candidates.entries()) {
    if (!(weights[k]! > 0) || !cost) continue;
    secondsPerRow += cost.secondsPerRow;
    bytes += cost.bytes;
  }
  return { secondsPerRow, bytes };
}
