import type { RegressionTarget } from "../../../foundation/contracts/target.js";
import { solveDual } from "./sequential-minimal-optimization.js";
import type { KernelTask, TrainedDecisions } from "./train-classes.js";

/** Epsilon-insensitive regression: two variables a row, for errors above and below (Smola and Schoelkopf). */
export async function trainValues(target: RegressionTarget, task: KernelTask): Promise<TrainedDecisions> {
  const { kernel, weights, options } = task;
  const values = Float64Array.from(task.rows, (row) => target.values[row]!);
  const { mean, scale } = options.standardizeTarget ? moments(values) : { mean: 0, scale: 1 };
  const size = values.length;
  const rows = new Int32Array(2 * size);
  const signs = new Int8Array(2 * size);
  const linear = new Float64Array(2 * size);
  const upper = new Float64Array(2 * size);
  for (let row = 0; row < size; row++) {
    const value = (values[row]! - mean) / scale;
    const limit = options.inverseRegularization * (weights ? weights[task.rows[row]!]! : 1);
    for (const [t, sign] of [
      [row, 1],
      [row + size, -1],
    ] as const) {
      rows[t] = row;
      signs[t] = sign;
      linear[t] = options.epsilon - sign * value;
      upper[t] = limit;
    }
  }
  const { tolerance, maxIterations } = options;
  const solution = await solveDual(
    { rows, signs, linear, upper },
    kernel,
    tolerance,
    maxIterations,
    task.checkpoint,
  );
  const coefficients = new Float64Array(size);
  for (let t = 0; t < 2 * size; t++) coefficients[rows[t]!]! += signs[t]! * solution.alpha[t]!;
  return {
    coefficients,
    biases: Float64Array.of(solution.bias),
    outcome: { kind: "values", mean, scale },
    iterations: solution.iterations,
    converged: solution.converged,
  };
}

function moments(values: Float64Array): { mean: number; scale: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, scale: Math.sqrt(squares / Math.max(1, values.length)) || 1 };
}
