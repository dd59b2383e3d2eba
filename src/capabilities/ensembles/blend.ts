/**
 * Weights on the simplex that minimise log loss (classes) or squared error (values) of the mean: both are convex, so
 * the minimum is the minimum. Accelerated projected gradient with restarts (Beck and Teboulle 2009; O'Donoghue and
 * Candes 2015). The alternative to greedy selection where no metric and no budget decides.
 */
import { targetRows } from "../../foundation/contracts/target.js";
import { normalizedWeights } from "./predictions.js";
import { type CombinationProblem, combinedCost, combinedValue, type MemberCost } from "./problem.js";

export interface BlendOptions {
  /** Most gradient steps; default 300. */
  readonly steps?: number;
  /** Weights below this become 0, so that no member is computed for nothing; default 0.001. */
  readonly leastWeight?: number;
}

export interface Blend {
  /** One for each candidate, summing to 1. */
  readonly weights: Float64Array;
  /** The problem's metric, on the rows that fitted the weights. */
  readonly value: number;
  readonly cost: MemberCost;
}

/** Log losses of smaller probabilities are not told apart. */
const SMALLEST = 1e-12;
const TOLERANCE = 1e-10;

export function fitBlend(problem: CombinationProblem, options: BlendOptions = {}): Blend {
  const { steps = 300, leastWeight = 0.001 } = options;
  const found = minimizeOnSimplex(objectiveOf(problem), problem.candidates.length, steps);
  const heaviest = found.reduce((most, weight) => Math.max(most, weight), 0);
  const kept = found.map((weight) => (weight >= Math.min(leastWeight, heaviest) ? weight : 0));
  const weights = normalizedWeights(kept);
  return {
    weights,
    value: combinedValue(problem, weights),
    cost: combinedCost(problem.candidates, weights),
  };
}

/** The value at a point; the gradient is written where one is wanted. */
type Objective = (weights: Float64Array, gradient?: Float64Array) => number;

function objectiveOf({ candidates, target, weights: rowWeights }: CombinationProblem): Objective {
  const rows = targetRows(target);
  const column = (values: Float64Array, width: number) =>
    target.task === "regression"
      ? values.map((value, row) => value - target.values[row]!)
      : Float64Array.from(target.codes, (code, row) => values[row * width + code]!);
  const columns = candidates.map(({ predictions }) =>
    column(predictions.values, predictions.kind === "probabilities" ? predictions.classes : 1),
  );
  const shares = normalizedWeights(rowWeights ?? new Float64Array(rows).fill(1));
  const mean = new Float64Array(rows);
  const squared = target.task === "regression";
  const unit = squared ? smallestSquare(columns, shares) : 1;
  return (weights, gradient) => {
    mean.fill(0);
    for (const [k, values] of columns.entries()) {
      const weight = weights[k]!;
      if (weight !== 0) for (let row = 0; row < rows; row++) mean[row]! += weight * values[row]!;
    }
    let value = 0;
    for (let row = 0; row < rows; row++) {
      const at = mean[row]!;
      const share = shares[row]! / unit;
      value += squared ? share * at * at : -share * Math.log(Math.max(at, SMALLEST));
      mean[row] = squared ? 2 * share * at : -share / Math.max(at, SMALLEST);
    }
    if (gradient) {
      for (const [k, values] of columns.entries()) {
        let sum = 0;
        for (let row = 0; row < rows; row++) sum += mean[row]! * values[row]!;
        gradient[k] = sum;
      }
    }
    return value;
  };
}

/** The best candidate's mean square: makes the objective free of the target's unit. */
function smallestSquare(columns: readonly Float64Array[], shares: Float64Array): number {
  const squares = columns.map((errors) =>
    errors.reduce((sum, error, row) => sum + shares[row]! * error * error, 0),
  );
  return Math.min(...squares) || 1;
}

function minimizeOnSimplex(objective: Objective, size: number, steps: number): Float64Array {
  const gradient = new Float64Array(size);
  let best = new Float64Array(size).fill(1 / size);
  let bestValue = objective(best);
  let from = best;
  let momentum = 1;
  let step = 1;
  for (let k = 0; k < steps; k++) {
    const value = objective(from, gradient);
    const next = descend(objective, from, value, gradient, step);
    step = next.step * 1.5;
    if (next.value > bestValue - TOLERANCE) {
      // Momentum overshot: begin again from the best point; without momentum nothing is left to gain.
      if (momentum === 1) break;
      from = best;
      momentum = 1;
      continue;
    }
    const growth = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    const carried = (momentum - 1) / growth;
    const previous = best;
    from = projectOnSimplex(next.point.map((w, j) => w + carried * (w - previous[j]!)));
    [best, bestValue, momentum] = [next.point, next.value, growth];
  }
  return best;
}

/** One projected gradient step, halved until the quadratic model holds. */
function descend(
  objective: Objective,
  from: Float64Array,
  value: number,
  gradient: Float64Array,
  firstStep: number,
): { point: Float64Array<ArrayBuffer>; value: number; step: number } {
  for (let step = firstStep; ; step /= 2) {
    const point = projectOnSimplex(from.map((weight, k) => weight - step * gradient[k]!));
    const reached = objective(point);
    let model = value;
    for (const [k, weight] of point.entries()) {
      const move = weight - from[k]!;
      model += gradient[k]! * move + (move * move) / (2 * step);
    }
    if (reached <= model + 1e-14 || step < 1e-12) return { point, value: reached, step };
  }
}

/** The nearest point with no negative weight and sum 1 (Duchi, Shalev-Shwartz, Singer and Chandra 2008). */
export function projectOnSimplex(point: Float64Array): Float64Array<ArrayBuffer> {
  const falling = Float64Array.from(point).sort().reverse();
  let sum = 0;
  let shift = 0;
  for (const [k, value] of falling.entries()) {
    sum += value;
    const candidate = (sum - 1) / (k + 1);
    if (value - candidate > 0) shift = candidate;
  }
  return Float64Array.from(point, (value) => Math.max(0, value - shift));
}
