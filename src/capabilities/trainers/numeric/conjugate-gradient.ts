import type { Checkpoint } from "./pace.js";

/**
 * Solves A x = b for a symmetric positive semidefinite A given by its product, preconditioned by its diagonal
 * (Nocedal and Wright, algorithm 5.3). From the start 0 it converges to the solution of least preconditioned
 * norm of a consistent singular system. Stops at a relative residual of `tolerance`.
 */
export async function conjugateGradient(problem: {
  readonly multiply: (vector: Float64Array) => Float64Array;
  readonly diagonal: Float64Array;
  readonly right: Float64Array;
  readonly tolerance: number;
  readonly maxIterations: number;
  readonly checkpoint: Checkpoint;
}): Promise<{ solution: Float64Array; iterations: number; converged: boolean }> {
  const { multiply, diagonal, right, tolerance, maxIterations, checkpoint } = problem;
  const solution = new Float64Array(right.length);
  const residual = right.slice();
  const precondition = () => residual.map((value, i) => value / (diagonal[i]! > 0 ? diagonal[i]! : 1));
  let conditioned = precondition();
  const direction = conditioned.slice();
  let energy = dot(residual, conditioned);
  const goal = energy * tolerance * tolerance;
  let iterations = 0;
  for (; iterations < maxIterations && energy > goal; iterations++) {
    const image = multiply(direction);
    const step = energy / dot(direction, image);
    if (!Number.isFinite(step)) break;
    for (let i = 0; i < solution.length; i++) {
      solution[i]! += step * direction[i]!;
      residual[i]! -= step * image[i]!;
    }
    conditioned = precondition();
    const next = dot(residual, conditioned);
    const ratio = next / energy;
    for (let i = 0; i < direction.length; i++) direction[i] = conditioned[i]! + ratio * direction[i]!;
    energy = next;
    await checkpoint(iterations + 1, { residual: Math.sqrt(energy) });
  }
  return { solution, iterations, converged: energy <= goal };
}

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
