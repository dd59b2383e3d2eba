/**
 * Judges "what was taken so far and one candidate more" many times. Sums are kept, so that a trial costs one pass over
 * the rows. The commonest metrics read one column a candidate and have a loop of their own; it gives the metric's
 * value up to rounding, save AUC (see `histogramArea`). Other metrics are computed as they are, on every k-th row
 * where there are more than `ROWS_OF_GENERAL_METRICS`.
 */
import { targetRows } from "../../foundation/contracts/target.js";
import { type ColumnLoss, columnLoss } from "./column-losses.js";
import { type CombinationProblem, metricValue, oriented, takeProblem } from "./problem.js";

export interface BlendScorer {
  /** Greater is better: the mean of all taken and this candidate. */
  scoreWith(candidate: number): number;
  take(candidate: number): void;
  /** Forgets what was taken. */
  clear(): void;
}

const ROWS_OF_GENERAL_METRICS = 20_000;

export function createBlendScorer(problem: CombinationProblem): BlendScorer {
  const fast = columnLoss(problem);
  return fast ? columnScorer(problem, fast) : generalScorer(thinned(problem));
}

function columnScorer(problem: CombinationProblem, { position, score }: ColumnLoss): BlendScorer {
  const rows = targetRows(problem.target);
  const columns = problem.candidates.map(({ predictions }) => {
    const width = predictions.kind === "probabilities" ? predictions.classes : 1;
    return Float64Array.from(
      { length: rows },
      (_, row) => predictions.values[row * width + (width > 1 ? position(row) : 0)]!,
    );
  });
  const sums = new Float64Array(rows);
  let count = 0;
  return {
    scoreWith: (candidate) => score(sums, columns[candidate]!, 1 / (count + 1)),
    take(candidate) {
      const column = columns[candidate]!;
      for (let row = 0; row < rows; row++) sums[row]! += column[row]!;
      count++;
    },
    clear() {
      sums.fill(0);
      count = 0;
    },
  };
}

function generalScorer(problem: CombinationProblem): BlendScorer {
  const tables = problem.candidates.map(({ predictions }) => predictions.values);
  const sums = new Float64Array(tables[0]!.length);
  const values = new Float64Array(sums.length);
  let count = 0;
  return {
    scoreWith(candidate) {
      const table = tables[candidate]!;
      for (let at = 0; at < sums.length; at++) values[at] = (sums[at]! + table[at]!) / (count + 1);
      return oriented(
        problem.metric,
        metricValue(problem, { ...problem.candidates[0]!.predictions, values }),
      );
    },
    take(candidate) {
      for (let at = 0; at < sums.length; at++) sums[at]! += tables[candidate]![at]!;
      count++;
    },
    clear() {
      sums.fill(0);
      count = 0;
    },
  };
}

function thinned(problem: CombinationProblem): CombinationProblem {
  const rows = targetRows(problem.target);
  const stride = Math.ceil(rows / ROWS_OF_GENERAL_METRICS);
  if (stride <= 1) return problem;
  return takeProblem(
    problem,
    Int32Array.from({ length: Math.floor(rows / stride) }, (_, i) => i * stride),
  );
}
