/** From regression scores of one-hot classes to class probabilities, fitted on scores of held-out rows. */

import { columnMoments } from "./design.js";
import { type PointwiseLoss, solveLinearProblem } from "./linear-objective.js";
import type { Checkpoint } from "./pace.js";
import { multinomialLogLoss } from "./pointwise-losses.js";

export interface ClassScores {
  /** Row-major `rows * classes`. */
  readonly values: Float64Array;
  readonly classes: number;
  readonly codes: Int32Array;
  /** Mean 1. */
  readonly weights: Float64Array;
}

/** logits = matrix * scores + offsets. */
export interface ScoreCalibration {
  /** Row-major `classes * classes`. */
  readonly matrix: Float64Array;
  readonly offsets: Float64Array;
}

const GREATEST_SLOPE = 1000;
const SLOPE_STEPS = 40;
/**
 * Inverse regularisation of what the classes do beside the shared slope: weak, as scores are shares and slopes of tens
 * are common.
 */
const DEVIATION = 100;

/** The slope t >= 0 of softmax(t * scores) with the least log loss, and that mean loss. */
export function fitSharedSlope(scores: ClassScores): { slope: number; loss: number } {
  let low = 0;
  let high = GREATEST_SLOPE;
  let slope = 10;
  let state = slopeDerivatives(scores, 0);
  if (state.first >= 0) return { slope: 0, loss: state.loss };
  for (let step = 0; step < SLOPE_STEPS; step++) {
    state = slopeDerivatives(scores, slope);
    if (state.first > 0) high = slope;
    else low = slope;
    const newton = slope - state.first / state.second;
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - slope) <= 1e-6 * slope) break;
    slope = next;
  }
  return { slope, loss: state.loss };
}

/** Mean log loss of softmax(slope * scores) and its derivatives by the slope. */
function slopeDerivatives({ values, classes, codes, weights }: ClassScores, slope: number) {
  let loss = 0;
  let first = 0;
  let second = 0;
  let total = 0;
  for (let row = 0; row < codes.length; row++) {
    const base = row * classes;
    const own = values[base + codes[row]!]!;
    let greatest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) greatest = Math.max(greatest, slope * (values[base + k]! - own));
    let sum = 0;
    let mean = 0;
    let square = 0;
    for (let k = 0; k < classes; k++) {
      const margin = values[base + k]! - own;
      const exponential = Math.exp(slope * margin - greatest);
      sum += exponential;
      mean += exponential * margin;
      square += exponential * margin * margin;
    }
    mean /= sum;
    const weight = weights[row]!;
    total += weight;
    loss += weight * (Math.log(sum) + greatest);
    first += weight * mean;
    second += weight * (square / sum - mean * mean);
  }
  return { loss: loss / total, first: first / total, second: Math.max(second / total, 1e-12) };
}

/** Multinomial logistic regression on the scores, held near one slope shared by all classes. */
export async function calibrateScores(
  scores: ClassScores,
  checkpoint: Checkpoint,
): Promise<ScoreCalibration> {
  const { classes, codes, weights } = scores;
  const { slope } = fitSharedSlope(scores);
  const design = { rows: codes.length, width: classes, values: Float32Array.from(scores.values) };
  const moments = columnMoments(design, weights);
  const { coefficients, intercepts } = await solveLinearProblem({
    design,
    moments,
    loss: beside(scores, slope),
    weights,
    squared: 1 / (DEVIATION * moments.weightSum),
    absolute: 0,
    intercept: true,
    tolerance: 1e-6,
    maxIterations: 200,
    checkpoint,
  });
  const matrix = coefficients.slice();
  for (let k = 0; k < classes; k++) matrix[k * (classes + 1)]! += slope;
  return { matrix, offsets: intercepts };
}

/** The loss of what is added to slope * scores. */
function beside({ values, classes, codes }: ClassScores, slope: number): PointwiseLoss {
  const loss = multinomialLogLoss(codes, classes);
  const shifted = new Float64Array(classes);
  return {
    outputs: classes,
    evaluate(row, added, residuals) {
      for (let k = 0; k < classes; k++) shifted[k] = added[k]! + slope * values[row * classes + k]!;
      return loss.evaluate(row, shifted, residuals);
    },
  };
}
