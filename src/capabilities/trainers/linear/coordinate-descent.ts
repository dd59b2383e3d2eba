/**
 * Elastic net by cyclic coordinate descent on the normal equations (Friedman, Hastie and Tibshirani, 2010),
 * stopped by the duality gap (Kim and others, 2007; the rule of scikit-learn).
 *
 * In standardised coordinates: minimise 1/(2 m) |y - Z u|^2 + sum_j absolute_j |u_j| + 1/2 sum_j squared_j u_j^2
 * with m the sum of the weights.
 */
export interface Penalty {
  readonly absolute: Float64Array;
  readonly squared: Float64Array;
}

export interface DescentResult {
  readonly sweeps: number;
  /** Duality gap divided by y' W y / m. */
  readonly gap: number;
}

/** A design and target made ready for descents under several penalties, each starting where the last ended. */
export interface Descent {
  /** Z' W y / m. */
  readonly right: Float64Array;
  /** The current u. */
  readonly point: Float64Array;
  /** Sweeps until gap <= tolerance, or `maxSweeps`. */
  run(penalty: Penalty, tolerance: number, maxSweeps: number): DescentResult;
}

export interface GramSystem {
  readonly width: number;
  /** Z' W Z / m, row-major. */
  readonly gram: Float64Array;
  readonly right: Float64Array;
  /** y' W y / m. */
  readonly targetSquares: number;
}

export function gramDescent(system: GramSystem): Descent {
  const { width, right, targetSquares } = system;
  const point = new Float64Array(width);
  // right - gram point
  const slope = right.slice();
  return {
    right,
    point,
    run(penalty, tolerance, maxSweeps) {
      const goal = tolerance * targetSquares;
      let gap = dualityGap(right, targetSquares, penalty, point, slope);
      let sweeps = 0;
      while (sweeps < maxSweeps && gap > goal) {
        const move = sweep(system, penalty, point, slope);
        sweeps++;
        // The gap costs a product; it is worth computing when the sweep moved little, and now and then.
        if (move <= 1e-4 || sweeps % 10 === 0) gap = dualityGap(right, targetSquares, penalty, point, slope);
        if (move === 0) break;
      }
      return { sweeps, gap: targetSquares > 0 ? gap / targetSquares : 0 };
    },
  };
}

/** One pass over all coordinates; returns the greatest move relative to the greatest coordinate. */
function sweep(
  { width, gram }: GramSystem,
  { absolute, squared }: Penalty,
  point: Float64Array,
  slope: Float64Array,
): number {
  let greatestMove = 0;
  let greatest = 0;
  for (let j = 0; j < width; j++) {
    const diagonal = gram[j * width + j]!;
    if (diagonal <= 0) continue;
    const before = point[j]!;
    const pull = slope[j]! + diagonal * before;
    const shrunk = Math.abs(pull) - absolute[j]!;
    const after = shrunk > 0 ? (Math.sign(pull) * shrunk) / (diagonal + squared[j]!) : 0;
    const move = after - before;
    if (move !== 0) {
      point[j] = after;
      const row = j * width;
      for (let k = 0; k < width; k++) slope[k]! -= move * gram[row + k]!;
    }
    greatestMove = Math.max(greatestMove, Math.abs(move));
    greatest = Math.max(greatest, Math.abs(after));
  }
  return greatest > 0 ? greatestMove / greatest : greatestMove;
}

/**
 * Primal minus dual objective at the residual scaled into the dual feasible set. The squared penalty is
 * treated as further rows of the design, as in scikit-learn. `slope` = right - gram point.
 */
export function dualityGap(
  right: Float64Array,
  targetSquares: number,
  { absolute, squared }: Penalty,
  point: Float64Array,
  slope: Float64Array,
): number {
  let fitted = 0;
  let residualSquares = targetSquares;
  let squaredPart = 0;
  let absolutePart = 0;
  let feasible = 1;
  for (let j = 0; j < point.length; j++) {
    const value = point[j]!;
    // point' gram point = point' (right - slope)
    residualSquares -= value * (right[j]! + slope[j]!);
    fitted += value * right[j]!;
    squaredPart += squared[j]! * value * value;
    absolutePart += absolute[j]! * Math.abs(value);
    const correlation = Math.abs(slope[j]! - squared[j]! * value);
    if (correlation > absolute[j]!) feasible = Math.min(feasible, absolute[j]! / correlation);
  }
  residualSquares = Math.max(0, residualSquares);
  const residualTarget = targetSquares - fitted;
  const primal = (residualSquares + squaredPart) / 2 + absolutePart;
  const dual = feasible * residualTarget - (feasible * feasible * (residualSquares + squaredPart)) / 2;
  return primal - dual;
}
