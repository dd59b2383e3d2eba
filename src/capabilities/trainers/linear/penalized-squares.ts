/** Least squares with an optional squared penalty, by the cheapest of three exact or iterative ways. */
import type { Fitted, TrainingContext, TrainingData } from "../../../foundation/contracts/trainer.js";
import { factorize, solve } from "../numeric/cholesky.js";
import { conjugateGradient } from "../numeric/conjugate-gradient.js";
import { type Checkpoint, createCheckpoint } from "../numeric/pace.js";
import { addRows, ROWS_AT_ONCE, rowProducts } from "../numeric/row-products.js";
import { normalEquations, rowGram } from "../numeric/standardized-gram.js";
import {
  fittedRegression,
  type RegressionProblem,
  type RegressionState,
  regressionProblem,
  targetMean,
} from "./regression-model.js";

/** A least-squares trainer's whole `fit`. */
export async function fitSquares(
  { train }: TrainingData,
  trainer: string,
  { penaltyStrength, intercept }: { readonly penaltyStrength: number; readonly intercept: boolean },
  context: TrainingContext,
): Promise<Fitted<RegressionState>> {
  const problem = regressionProblem(train, trainer, intercept);
  const checkpoint = createCheckpoint(context, "fit", problem.design.rows);
  const { standardized, meanTarget, notes } = await solvePenalizedSquares(
    problem,
    penaltyStrength,
    checkpoint,
  );
  return fittedRegression(problem, standardized, meanTarget, { notes });
}

/** From about this side on, some hundred products with the design cost less than its Gram matrix. */
const LARGEST_DIRECT = 800;

export interface SquaresSolution {
  /** Of (x - mean) / scale. */
  readonly standardized: Float64Array;
  readonly meanTarget: number;
  /** Rank of the system that was solved, where known. */
  readonly rank?: number;
  readonly iterations?: number;
  readonly notes: readonly string[];
}

/**
 * Minimises sum w (y - x b - b0)^2 + strength |b|^2, b in the units of the features, b0 free.
 * With strength 0 and dependent columns: a solution; with fewer rows than columns: the one of least norm.
 */
export async function solvePenalizedSquares(
  problem: RegressionProblem,
  strength: number,
  checkpoint: Checkpoint,
): Promise<SquaresSolution> {
  const { rows, width } = problem.design;
  if (Math.min(rows, width) > LARGEST_DIRECT) return solveIteratively(problem, strength, checkpoint);
  return width <= rows
    ? solvePrimal(problem, strength, checkpoint)
    : solveDual(problem, strength, checkpoint);
}

async function solvePrimal(
  problem: RegressionProblem,
  strength: number,
  checkpoint: Checkpoint,
): Promise<SquaresSolution> {
  const { design, moments, weights } = problem;
  const meanTarget = targetMean(problem);
  const { gram, right } = await normalEquations(
    design,
    moments,
    { values: problem.values, mean: meanTarget },
    weights,
    checkpoint,
  );
  const { width } = design;
  for (let j = 0; j < width; j++) gram[j * width + j]! += strength / moments.scale[j]! ** 2;
  // A ridge term keeps the system definite; without one, dependent columns are left out.
  const factor = factorize(gram, width, strength > 0 ? 1e-15 : 1e-11);
  return {
    standardized: solve(factor, right),
    meanTarget,
    rank: factor.rank,
    notes:
      strength === 0 && factor.rank < width
        ? [`${width - factor.rank} of ${width} features depend linearly on others and got coefficient 0.`]
        : [],
  };
}

/** b = X' a with (X X' + strength I) a = y: as many unknowns as rows. */
async function solveDual(
  problem: RegressionProblem,
  strength: number,
  checkpoint: Checkpoint,
): Promise<SquaresSolution> {
  const { design, moments, values, weights } = problem;
  const { rows, width } = design;
  const gram = await rowGram(design, moments.mean, weights, checkpoint);
  for (let row = 0; row < rows; row++) gram[row * rows + row]! += strength;
  const meanTarget = targetMean(problem);
  const roots = Float64Array.from({ length: rows }, (_, row) => (weights ? Math.sqrt(weights[row]!) : 1));
  const right = values.map((value, row) => roots[row]! * (value - meanTarget));
  const dual = solve(factorize(gram, rows, strength > 0 ? 1e-15 : 1e-11), right);
  const standardized = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const factor = dual[row]! * roots[row]!;
    for (let j = 0; j < width; j++) {
      standardized[j]! += factor * (design.values[row * width + j]! - moments.mean[j]!) * moments.scale[j]!;
    }
  }
  return { standardized, meanTarget, notes: [] };
}

async function solveIteratively(
  problem: RegressionProblem,
  strength: number,
  checkpoint: Checkpoint,
): Promise<SquaresSolution> {
  const { design, moments, values } = problem;
  const { width } = design;
  const meanTarget = targetMean(problem);
  const penalty = moments.scale.map((scale) => strength / (scale * scale));
  const right = adjoint(
    problem,
    values.map((value) => value - meanTarget),
  );
  const { solution, iterations, converged } = await conjugateGradient({
    multiply: (vector) => {
      const result = adjoint(problem, applyDesign(problem, vector));
      for (let j = 0; j < width; j++) result[j]! += penalty[j]! * vector[j]!;
      return result;
    },
    // Standardised columns have squared length `weightSum`.
    diagonal: penalty.map((value) => value + moments.weightSum),
    right,
    tolerance: 1e-8,
    maxIterations: 1000,
    checkpoint,
  });
  const notes = converged ? [] : [`Conjugate gradients stopped at ${iterations} iterations.`];
  return { standardized: solution, meanTarget, iterations, notes };
}

/** Z v. */
function applyDesign({ design, moments }: RegressionProblem, vector: Float64Array): Float64Array {
  const { rows, width } = design;
  const coefficients = vector.map((value, j) => value / moments.scale[j]!);
  let shift = 0;
  for (let j = 0; j < width; j++) shift += coefficients[j]! * moments.mean[j]!;
  const result = new Float64Array(rows);
  const products = new Float64Array(ROWS_AT_ONCE);
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - first);
    rowProducts(design, first, count, coefficients, 0, products);
    for (let i = 0; i < count; i++) result[first + i] = products[i]! - shift;
  }
  return result;
}

/** Z' W r. */
function adjoint({ design, moments, weights }: RegressionProblem, residual: Float64Array): Float64Array {
  const { rows, width } = design;
  const result = new Float64Array(width);
  const factors = new Float64Array(ROWS_AT_ONCE);
  let total = 0;
  for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
    const count = Math.min(ROWS_AT_ONCE, rows - first);
    for (let i = 0; i < count; i++) {
      const factor = (weights ? weights[first + i]! : 1) * residual[first + i]!;
      factors[i] = factor;
      total += factor;
    }
    addRows(design, first, count, factors, result, 0);
  }
  for (let j = 0; j < width; j++) result[j] = (result[j]! - moments.mean[j]! * total) / moments.scale[j]!;
  return result;
}
