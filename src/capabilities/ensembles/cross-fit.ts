/** Honest judgement of a combination: what was chosen on some folds is judged on the others. */
import type { Predictions } from "../../foundation/contracts/target.js";
import { averagePredictions } from "./predictions.js";
import { type CombinationProblem, metricValue, oriented, takeProblem } from "./problem.js";

/** Weights for the candidates of a problem: `selectGreedily(problem).weights`, `fitBlend(problem).weights`. */
export type Combine = (problem: CombinationProblem) => ArrayLike<number>;

export interface CrossFittedEnsemble {
  /** For every row by weights that its fold had no part in; all rows of the problem, in order. */
  readonly predictions: Predictions;
  /** The metric over all rows: unbiased by the choice of weights. */
  readonly value: number;
  /** Weights chosen without each fold, by fold number; empty for a fold number without rows. */
  readonly foldWeights: readonly ArrayLike<number>[];
}

/**
 * The combination repeated without each fold in turn. Its pooled predictions fit a calibration and report a validation
 * score, where the predictions of weights chosen on the same rows would flatter.
 * `folds`: number of each row, 0..K-1; where it is the same for all, the candidates have equal weights.
 */
export function crossFittedEnsemble(
  problem: CombinationProblem,
  folds: ArrayLike<number>,
  combine: Combine,
): CrossFittedEnsemble {
  const first = problem.candidates[0]!.predictions;
  const width = first.kind === "probabilities" ? first.classes : 1;
  const values = new Float64Array(first.values.length);
  const foldWeights = rowsByFold(folds).map((rows) => {
    if (rows.length === 0) return [];
    const inside = new Set(rows);
    const others = Array.from(folds, (_, row) => row).filter((row) => !inside.has(row));
    // With one fold alone nothing is left to choose by.
    const weights =
      others.length > 0
        ? combine(takeProblem(problem, others))
        : new Float64Array(problem.candidates.length).fill(1 / problem.candidates.length);
    const held = takeProblem(problem, rows).candidates.map((candidate) => candidate.predictions);
    const mean = averagePredictions(held, weights).values;
    for (const [i, row] of rows.entries()) {
      values.set(mean.subarray(i * width, (i + 1) * width), row * width);
    }
    return weights;
  });
  const predictions = { ...first, values };
  return { predictions, value: metricValue(problem, predictions), foldWeights };
}

/** Row numbers of each fold, ascending. */
export function rowsByFold(folds: ArrayLike<number>): number[][] {
  const rows: number[][] = [];
  for (let row = 0; row < folds.length; row++) {
    const fold = folds[row]!;
    while (rows.length <= fold) rows.push([]);
    rows[fold]!.push(row);
  }
  return rows;
}

export interface FoldGains {
  /** Better is positive, in the metric's unit; a fold in which the metric is undefined is left out. */
  readonly gains: readonly number[];
  readonly mean: number;
  /** Of the mean over folds; infinite for fewer than two. */
  readonly standardError: number;
}

/** How much better `candidate` predicts than `reference`, fold by fold; `rows` limits who is counted. */
export function pairedFoldGains(
  problem: Pick<CombinationProblem, "target" | "weights" | "metric">,
  reference: Predictions,
  candidate: Predictions,
  folds: ArrayLike<number>,
  counts: (row: number) => boolean = () => true,
): FoldGains {
  const pair = { ...problem, candidates: [{ predictions: reference }, { predictions: candidate }] };
  const gains = rowsByFold(folds).flatMap((all) => {
    const rows = all.filter(counts);
    if (rows.length === 0) return [];
    const part = takeProblem(pair, rows);
    const [before, after] = part.candidates.map(({ predictions }) =>
      oriented(problem.metric, metricValue(part, predictions)),
    ) as [number, number];
    return Number.isFinite(before) && Number.isFinite(after) ? [after - before] : [];
  });
  const mean = gains.reduce((sum, gain) => sum + gain / gains.length, 0);
  const squares = gains.reduce((sum, gain) => sum + (gain - mean) ** 2, 0);
  const standardError =
    gains.length < 2 ? Number.POSITIVE_INFINITY : Math.sqrt(squares / (gains.length - 1) / gains.length);
  return { gains, mean, standardError };
}
