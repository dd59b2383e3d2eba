/** What every ridge on one-hot classes or values shares: centred targets, held-out losses, logits. */
import { type Target, takeTarget } from "../../../foundation/contracts/target.js";
import { type Design, takeDesignRows } from "./design.js";
import type { Checkpoint } from "./pace.js";
import type { RidgeSolution, RidgeTargets } from "./ridge-system.js";
import { type ClassScores, calibrateScores, fitSharedSlope } from "./score-calibration.js";

export interface RidgeProblem extends RidgeTargets {
  readonly rows: number;
  readonly target: Target;
  /** Of each output, taken off `values`. */
  readonly means: Float64Array;
}

/** One-hot classes or the value, centred by their weighted means; weights of mean 1. */
export function createRidgeProblem(target: Target, weights: Float64Array | undefined): RidgeProblem {
  const rows = target.task === "regression" ? target.values.length : target.codes.length;
  const outputs = target.task === "regression" ? 1 : target.classes.length;
  const values = new Float64Array(outputs * rows);
  if (target.task === "regression") values.set(target.values);
  else for (let row = 0; row < rows; row++) values[target.codes[row]! * rows + row] = 1;
  const total = weights ? weights.reduce((sum, weight) => sum + weight, 0) : rows;
  const scaled = Float64Array.from({ length: rows }, (_, row) => ((weights?.[row] ?? 1) * rows) / total);
  const means = Float64Array.from({ length: outputs }, (_, k) => {
    let sum = 0;
    for (let row = 0; row < rows; row++) sum += scaled[row]! * values[k * rows + row]!;
    return sum / rows;
  });
  for (let i = 0; i < values.length; i++) values[i]! -= means[Math.floor(i / rows)]!;
  return { rows, target, outputs, values, means, rootWeights: scaled.map(Math.sqrt) };
}

/** Without the rows of weight 0, which say nothing. */
export function weightyRows(design: Design, target: Target, weights: Float64Array | undefined) {
  if (!weights?.includes(0)) return { design, target, weights };
  const rows = Int32Array.from(weights.keys()).filter((row) => weights[row]! > 0);
  return {
    design: takeDesignRows(design, rows),
    target: takeTarget(target, rows),
    weights: weights.filter((weight) => weight > 0),
  };
}

/** Held-out scores of a classifier, the prior shares back in. */
function heldOutScores(problem: RidgeProblem, heldOut: Float64Array): ClassScores {
  const { rows, outputs, means, rootWeights, target } = problem;
  if (target.task === "regression") throw new Error("Only a classifier has class scores.");
  const values = new Float64Array(rows * outputs);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < outputs; k++) values[row * outputs + k] = heldOut[k * rows + row]! + means[k]!;
  }
  return { values, classes: outputs, codes: target.codes, weights: rootWeights.map((root) => root * root) };
}

/** Mean held-out loss: squares, or log loss after one slope. */
export function heldOutLoss(problem: RidgeProblem, heldOut: Float64Array): number {
  if (problem.target.task !== "regression") return fitSharedSlope(heldOutScores(problem, heldOut)).loss;
  let sum = 0;
  for (let row = 0; row < heldOut.length; row++) {
    sum += (problem.rootWeights[row]! * (problem.values[row]! - heldOut[row]!)) ** 2;
  }
  return sum / heldOut.length;
}

export interface RidgeOutputs {
  /** `outputs * points`. */
  readonly coefficients: Float64Array;
  readonly offsets: Float64Array;
  readonly outcome: "classes" | "value";
}

/** Coefficients and offsets of the value, or of the logits of the classes, calibrated on held-out scores. */
export async function ridgeOutputs(
  problem: RidgeProblem,
  { coefficients, heldOut }: RidgeSolution,
  checkpoint: Checkpoint,
): Promise<RidgeOutputs> {
  const { outputs, means, target } = problem;
  if (target.task === "regression") return { coefficients, offsets: means, outcome: "value" };
  const { matrix, offsets } = await calibrateScores(heldOutScores(problem, heldOut), checkpoint);
  const points = coefficients.length / outputs;
  const logits = new Float64Array(coefficients.length);
  for (let k = 0; k < outputs; k++) {
    for (let j = 0; j < outputs; j++) {
      const factor = matrix[k * outputs + j]!;
      offsets[k]! += factor * means[j]!;
      for (let i = 0; i < points; i++) logits[k * points + i]! += factor * coefficients[j * points + i]!;
    }
  }
  return { coefficients: logits, offsets, outcome: "classes" };
}

const LEAST_NOISE = 1e-4;
const GREATEST_NOISE = 100;
export const NOISE_STEP = 10;

/** Down while the loss falls, otherwise up while it falls, in steps of NOISE_STEP, for kernels of diagonal 1. */
export function walkNoise<Fit extends { readonly loss: number }>(
  solve: (noise: number) => Fit,
  start: number,
): Fit {
  const first = solve(start);
  let best = first;
  for (const factor of [1 / NOISE_STEP, NOISE_STEP]) {
    for (let noise = start * factor; noise > LEAST_NOISE / 2 && noise < 2 * GREATEST_NOISE; noise *= factor) {
      const next = solve(noise);
      if (!(next.loss < best.loss)) break;
      best = next;
    }
    if (best !== first) break;
  }
  return best;
}
