/**
 * Sequential minimal optimisation with second-order working set selection (Platt, 1998; Fan, Chen and Lin,
 * Working set selection using second order information, 2005), as in LIBSVM.
 *
 * minimise 1/2 a' Q a + p' a subject to s' a = 0, 0 <= a <= upper, with Q_tu = s_t s_u K(x_t, x_u), K(x, x) = 1.
 */
import type { Checkpoint } from "../numeric/pace.js";
import type { KernelRows } from "./kernel-rows.js";

export interface DualProblem {
  /** Training row of each variable; a row may stand behind several. */
  readonly rows: Int32Array;
  /** +1 or -1. */
  readonly signs: Int8Array;
  readonly linear: Float64Array;
  readonly upper: Float64Array;
}

export interface DualSolution {
  readonly alpha: Float64Array;
  /** Decision = sum_t s_t alpha_t K(x_t, x) - bias. */
  readonly bias: number;
  readonly iterations: number;
  readonly converged: boolean;
}

/** Curvature used where two points coincide. */
const LEAST_CURVATURE = 1e-12;
const ITERATIONS_PER_CHECK = 256;

export async function solveDual(
  problem: DualProblem,
  kernel: KernelRows,
  tolerance: number,
  maxIterations: number,
  checkpoint: Checkpoint,
): Promise<DualSolution> {
  const alpha = new Float64Array(problem.rows.length);
  // Gradient of the objective; alpha starts at 0.
  const gradient = problem.linear.slice();
  let iterations = 0;
  let converged = false;
  for (; iterations < maxIterations; iterations++) {
    const pair = selectPair(problem, kernel, alpha, gradient, tolerance);
    if (!pair) {
      converged = true;
      break;
    }
    step(problem, kernel, alpha, gradient, pair.first, pair.second);
    if (iterations % ITERATIONS_PER_CHECK === 0) await checkpoint(iterations);
  }
  return { alpha, bias: bias(problem, alpha, gradient), iterations, converged };
}

/** The most violating variable and the partner that promises the greatest decrease; none: optimal. */
function selectPair(
  { rows, signs, upper }: DualProblem,
  kernel: KernelRows,
  alpha: Float64Array,
  gradient: Float64Array,
  tolerance: number,
): { first: number; second: number } | undefined {
  const size = rows.length;
  let greatest = Number.NEGATIVE_INFINITY;
  let first = -1;
  for (let t = 0; t < size; t++) {
    const canRise = signs[t]! > 0 ? alpha[t]! < upper[t]! : alpha[t]! > 0;
    const value = -signs[t]! * gradient[t]!;
    if (canRise && value > greatest) {
      greatest = value;
      first = t;
    }
  }
  if (first < 0) return undefined;
  const row = kernel.row(rows[first]!);
  let least = Number.POSITIVE_INFINITY;
  let best = Number.POSITIVE_INFINITY;
  let second = -1;
  for (let t = 0; t < size; t++) {
    const canFall = signs[t]! > 0 ? alpha[t]! > 0 : alpha[t]! < upper[t]!;
    if (!canFall) continue;
    const value = -signs[t]! * gradient[t]!;
    if (value < least) least = value;
    const violation = greatest - value;
    if (violation <= 0) continue;
    const curvature = Math.max(2 - 2 * row[rows[t]!]!, LEAST_CURVATURE);
    const decrease = -(violation * violation) / curvature;
    if (decrease < best) {
      best = decrease;
      second = t;
    }
  }
  return second < 0 || greatest - least < tolerance ? undefined : { first, second };
}

/** Moves alpha_i and alpha_j along s_i alpha_i + s_j alpha_j = constant to the optimum within the box. */
function step(
  { rows, signs, upper }: DualProblem,
  kernel: KernelRows,
  alpha: Float64Array,
  gradient: Float64Array,
  i: number,
  j: number,
): void {
  const rowI = kernel.row(rows[i]!);
  const rowJ = kernel.row(rows[j]!);
  const signI = signs[i]!;
  const signJ = signs[j]!;
  const curvature = Math.max(2 - 2 * rowI[rows[j]!]!, LEAST_CURVATURE);
  // alpha_i changes by signI * move, alpha_j by -signJ * move, move >= 0.
  let move = (-signI * gradient[i]! + signJ * gradient[j]!) / curvature;
  move = Math.min(move, signI > 0 ? upper[i]! - alpha[i]! : alpha[i]!);
  move = Math.min(move, signJ > 0 ? alpha[j]! : upper[j]! - alpha[j]!);
  alpha[i] = clamp(alpha[i]! + signI * move, upper[i]!);
  alpha[j] = clamp(alpha[j]! - signJ * move, upper[j]!);
  for (let t = 0; t < rows.length; t++) {
    const row = rows[t]!;
    gradient[t]! += signs[t]! * move * (rowI[row]! - rowJ[row]!);
  }
}

/** Puts values that rounding left a hair from a bound onto it. */
function clamp(value: number, upper: number): number {
  const hair = upper * 1e-12;
  return value <= hair ? 0 : value >= upper - hair ? upper : value;
}

/** The mean of s * gradient over free variables, else the middle of what the bounds allow. */
function bias({ signs, upper }: DualProblem, alpha: Float64Array, gradient: Float64Array): number {
  let high = Number.POSITIVE_INFINITY;
  let low = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let free = 0;
  for (let t = 0; t < alpha.length; t++) {
    const value = signs[t]! * gradient[t]!;
    if (alpha[t]! > 0 && alpha[t]! < upper[t]!) {
      sum += value;
      free++;
    } else if (upper[t]! > 0) {
      const atUpper = alpha[t]! > 0;
      if (signs[t]! > 0 === atUpper) low = Math.max(low, value);
      else high = Math.min(high, value);
    }
  }
  if (free > 0) return sum / free;
  if (Number.isFinite(high) && Number.isFinite(low)) return (high + low) / 2;
  return Number.isFinite(high) ? high : Number.isFinite(low) ? low : 0;
}
