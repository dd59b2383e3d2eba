/** Penalised empirical risk of linear scores, minimised in standardised coordinates. */
import type { ColumnMoments, Design } from "./design.js";
import { type Minimum, minimize } from "./lbfgs.js";
import type { Checkpoint } from "./pace.js";
import { addRows, ROWS_AT_ONCE, rowProducts } from "./row-products.js";

/** A convex loss of the scores of one row. */
export interface PointwiseLoss {
  /** Scores a row. */
  readonly outputs: number;
  /** Loss of the row; writes its derivatives with respect to the scores into `residuals`. */
  evaluate(row: number, scores: Float64Array, residuals: Float64Array): number;
}

export interface LinearProblem {
  readonly design: Design;
  readonly moments: ColumnMoments;
  readonly loss: PointwiseLoss;
  /** One a row; absent: all 1. */
  readonly weights?: Float64Array;
  /** Of half the squared coefficients, in the units of the features, as the loss is averaged over weights. */
  readonly squared: number;
  /** Of the absolute coefficients, likewise. */
  readonly absolute: number;
  readonly intercept: boolean;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly checkpoint: Checkpoint;
  /** Where to start; a solution of a similar problem. */
  readonly start?: Float64Array;
}

export interface LinearSolution {
  /** In the units of the features, `outputs * width`. */
  readonly coefficients: Float64Array;
  readonly intercepts: Float64Array;
  readonly minimum: Minimum;
}

/**
 * Minimises mean loss + squared/2 |w|^2 + absolute |w|_1, intercepts not penalised.
 *
 * The variables are u = w * scale and the score at the mean: equal solution, but a Hessian near the identity
 * for features of any unit. The design is never copied: the standardisation is folded into the products.
 */
export async function solveLinearProblem(problem: LinearProblem): Promise<LinearSolution> {
  const { design, moments, loss, absolute, intercept } = problem;
  const { width } = design;
  const stride = width + 1;
  const size = loss.outputs * stride;
  const absoluteWeights = new Float64Array(size);
  for (let k = 0; k < loss.outputs; k++) {
    for (let j = 0; j < width; j++) absoluteWeights[k * stride + j] = absolute / moments.scale[j]!;
  }
  const minimum = await minimize({
    start: problem.start ?? new Float64Array(size),
    evaluate: createEvaluation(problem),
    ...(absolute > 0 ? { absolute: absoluteWeights } : {}),
    tolerance: problem.tolerance,
    maxIterations: problem.maxIterations,
    checkpoint: problem.checkpoint,
  });
  const coefficients = new Float64Array(loss.outputs * width);
  const intercepts = new Float64Array(loss.outputs);
  for (let k = 0; k < loss.outputs; k++) {
    const mean = intercept ? moments.mean : new Float64Array(width);
    intercepts[k] = unscale(minimum.point, k, moments.scale, mean, coefficients);
  }
  return { coefficients, intercepts, minimum };
}

/** Writes the coefficients of output k in the units of the features; returns its intercept. */
function unscale(
  point: Float64Array,
  k: number,
  scale: Float64Array,
  mean: Float64Array,
  coefficients: Float64Array,
): number {
  const width = scale.length;
  let intercept = point[k * (width + 1) + width]!;
  for (let j = 0; j < width; j++) {
    const coefficient = point[k * (width + 1) + j]! / scale[j]!;
    coefficients[k * width + j] = coefficient;
    intercept -= coefficient * mean[j]!;
  }
  return intercept;
}

function createEvaluation(problem: LinearProblem): (point: Float64Array, gradient: Float64Array) => number {
  const { design, moments, loss, squared, intercept } = problem;
  const { width } = design;
  const { outputs } = loss;
  const stride = width + 1;
  const mean = intercept ? moments.mean : new Float64Array(width);
  const coefficients = new Float64Array(outputs * width);
  const intercepts = new Float64Array(outputs);
  const sums = new Float64Array(outputs * width);
  const residualSums = new Float64Array(outputs);
  const addLosses = createRiskPass(problem, coefficients, intercepts, sums, residualSums);
  return (point, gradient) => {
    for (let k = 0; k < outputs; k++) intercepts[k] = unscale(point, k, moments.scale, mean, coefficients);
    const total = addLosses();
    let penalty = 0;
    for (let k = 0; k < outputs; k++) {
      for (let j = 0; j < width; j++) {
        const coefficient = coefficients[k * width + j]!;
        penalty += coefficient * coefficient;
        const risk = (sums[k * width + j]! - mean[j]! * residualSums[k]!) / moments.weightSum;
        gradient[k * stride + j] = (risk + squared * coefficient) / moments.scale[j]!;
      }
      gradient[k * stride + width] = intercept ? residualSums[k]! / moments.weightSum : 0;
    }
    return total / moments.weightSum + (squared / 2) * penalty;
  };
}

/**
 * One pass over the rows, each read once for its scores and, still in the cache, for the gradient. Fills `sums`
 * (residuals times features) and `residualSums`; returns the summed loss.
 */
function createRiskPass(
  { design, loss, weights }: LinearProblem,
  coefficients: Float64Array,
  intercepts: Float64Array,
  sums: Float64Array,
  residualSums: Float64Array,
): () => number {
  const { rows, width } = design;
  const { outputs } = loss;
  const products = new Float64Array(ROWS_AT_ONCE);
  const scores = new Float64Array(outputs);
  const residuals = new Float64Array(outputs);
  // Scores, then residuals, of a block: output k of row i at k * ROWS_AT_ONCE + i.
  const block = new Float64Array(outputs * ROWS_AT_ONCE);
  const factors = Array.from({ length: outputs }, (_, k) =>
    block.subarray(k * ROWS_AT_ONCE, (k + 1) * ROWS_AT_ONCE),
  );
  return () => {
    sums.fill(0);
    residualSums.fill(0);
    let total = 0;
    for (let first = 0; first < rows; first += ROWS_AT_ONCE) {
      const count = Math.min(ROWS_AT_ONCE, rows - first);
      for (let k = 0; k < outputs; k++) {
        rowProducts(design, first, count, coefficients, k * width, products);
        for (let i = 0; i < count; i++) block[k * ROWS_AT_ONCE + i] = products[i]! + intercepts[k]!;
      }
      for (let i = 0; i < count; i++) {
        const weight = weights ? weights[first + i]! : 1;
        for (let k = 0; k < outputs; k++) scores[k] = block[k * ROWS_AT_ONCE + i]!;
        total += weight * loss.evaluate(first + i, scores, residuals);
        for (let k = 0; k < outputs; k++) {
          const residual = weight * residuals[k]!;
          block[k * ROWS_AT_ONCE + i] = residual;
          residualSums[k]! += residual;
        }
      }
      for (let k = 0; k < outputs; k++) addRows(design, first, count, factors[k]!, sums, k * width);
    }
    return total;
  };
}
