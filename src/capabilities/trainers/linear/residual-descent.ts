/**
 * Elastic net by cyclic coordinate descent on the residuals, for designs so wide that the Gram matrix of
 * `coordinate-descent.ts` would not fit: each coordinate costs a pass over its column instead.
 */
import { type Descent, dualityGap, type Penalty } from "./coordinate-descent.js";
import type { RegressionProblem } from "./regression-model.js";

/** Sweeps over the coordinates that are not 0 between two sweeps over all. */
const ACTIVE_SWEEPS = 10;

export function residualDescent(problem: RegressionProblem, meanTarget: number): Descent {
  const system = residualSystem(problem, meanTarget);
  const right = correlations(system, system.target);
  const point = new Float64Array(right.length);
  const residual = system.target.slice();
  const everything = Int32Array.from(point.keys());
  let targetSquares = 0;
  for (const value of system.target) targetSquares += value * value;
  return {
    right,
    point,
    run(penalty, tolerance, maxSweeps) {
      const measure = () => dualityGap(right, targetSquares, penalty, point, correlations(system, residual));
      let gap = measure();
      let sweeps = 0;
      while (sweeps < maxSweeps && gap > tolerance * targetSquares) {
        let move = sweepResiduals(system, residual, everything, penalty, point);
        sweeps++;
        if (move === 0) break;
        const active = everything.filter((j) => point[j] !== 0);
        for (let i = 0; i < ACTIVE_SWEEPS && sweeps < maxSweeps && move > 1e-6; i++, sweeps++) {
          move = sweepResiduals(system, residual, active, penalty, point);
        }
        gap = measure();
      }
      return { sweeps, gap: targetSquares > 0 ? gap / targetSquares : 0 };
    },
  };
}

interface ResidualSystem {
  /** Standardised columns times the root of each row's weight over the sum of weights: `width * rows`. */
  readonly columns: Float32Array;
  /** The centred target, likewise scaled. */
  readonly target: Float64Array;
}

/** 4 bytes a value, as the design itself. */
function residualSystem(problem: RegressionProblem, meanTarget: number): ResidualSystem {
  const { design, moments, values, weights } = problem;
  const { rows, width } = design;
  const roots = Float64Array.from({ length: rows }, (_, row) =>
    Math.sqrt((weights ? weights[row]! : 1) / moments.weightSum),
  );
  const columns = new Float32Array(width * rows);
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < width; j++) {
      const value = (design.values[row * width + j]! - moments.mean[j]!) / moments.scale[j]!;
      columns[j * rows + row] = roots[row]! * value;
    }
  }
  return { columns, target: values.map((value, row) => roots[row]! * (value - meanTarget)) };
}

/** One pass over `candidates`; `residual` = target - columns' point, kept up to date. Returns the greatest move. */
function sweepResiduals(
  { columns }: ResidualSystem,
  residual: Float64Array,
  candidates: Int32Array,
  { absolute, squared }: Penalty,
  point: Float64Array,
): number {
  const rows = residual.length;
  let greatestMove = 0;
  let greatest = 0;
  for (const j of candidates) {
    const start = j * rows;
    let product = 0;
    let diagonal = 0;
    for (let row = 0; row < rows; row++) {
      const value = columns[start + row]!;
      product += value * residual[row]!;
      diagonal += value * value;
    }
    if (diagonal <= 0) continue;
    const before = point[j]!;
    const pull = product + diagonal * before;
    const shrunk = Math.abs(pull) - absolute[j]!;
    const after = shrunk > 0 ? (Math.sign(pull) * shrunk) / (diagonal + squared[j]!) : 0;
    const move = after - before;
    if (move !== 0) {
      point[j] = after;
      for (let row = 0; row < rows; row++) residual[row]! -= move * columns[start + row]!;
    }
    greatestMove = Math.max(greatestMove, Math.abs(move));
    greatest = Math.max(greatest, Math.abs(after));
  }
  return greatest > 0 ? greatestMove / greatest : greatestMove;
}

/** columns . residual for every column. */
function correlations({ columns }: ResidualSystem, residual: Float64Array): Float64Array {
  const rows = residual.length;
  const result = new Float64Array(rows > 0 ? columns.length / rows : 0);
  for (let j = 0; j < result.length; j++) {
    let product = 0;
    for (let row = 0; row < rows; row++) product += columns[j * rows + row]! * residual[row]!;
    result[j] = product;
  }
  return result;
}
