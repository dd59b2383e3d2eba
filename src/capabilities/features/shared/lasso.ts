/**
 * The lasso by cyclic coordinate descent on inner products (Friedman, Hastie and Tibshirani, 2010):
 * minimises |y - X w|^2 / (2 rows) + penalty * |w|_1.
 */
export interface LassoProblem {
  /** Row-major inner products of the columns over rows. */
  readonly gram: Float64Array;
  /** Inner products of each column with the target over rows. */
  readonly moments: Float64Array;
}

const TOLERANCE = 1e-7;
const MAXIMUM_SWEEPS = 1000;

/** The smallest penalty at which all weights are 0. */
export function largestPenalty({ moments }: LassoProblem): number {
  return moments.reduce((most, moment) => Math.max(most, Math.abs(moment)), 0);
}

export function lasso({ gram, moments }: LassoProblem, penalty: number): Float64Array {
  const width = moments.length;
  const weights = new Float64Array(width);
  const residual = moments.slice();
  for (let sweep = 0; sweep < MAXIMUM_SWEEPS; sweep++) {
    let moved = 0;
    for (let k = 0; k < width; k++) {
      const curvature = gram[k * width + k]!;
      if (curvature === 0) continue;
      const pull = residual[k]! + curvature * weights[k]!;
      const next = (Math.sign(pull) * Math.max(0, Math.abs(pull) - penalty)) / curvature;
      const change = next - weights[k]!;
      if (change === 0) continue;
      weights[k] = next;
      for (let other = 0; other < width; other++) residual[other]! -= change * gram[k * width + other]!;
      moved = Math.max(moved, Math.abs(change) * Math.sqrt(curvature));
    }
    if (moved < TOLERANCE * largestPenalty({ gram, moments })) break;
  }
  return weights;
}
