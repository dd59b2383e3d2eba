/** What metrics read out of a `MetricInput`, checked once. */
import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { targetRows } from "../../../foundation/contracts/target.js";

export interface ClassInput {
  readonly rows: number;
  readonly codes: Int32Array;
  readonly classCount: number;
  /** Row-major, `rows * classCount`. */
  readonly probabilities: Float64Array;
  readonly weights: Float64Array | undefined;
  readonly threshold: number | undefined;
}

export interface ValueInput {
  readonly rows: number;
  readonly actual: Float64Array;
  readonly predicted: Float64Array;
  readonly weights: Float64Array | undefined;
}

/** @throws Error when target and predictions do not belong together: a bug of the caller. */
export function classInput({ target, predictions, weights, threshold }: MetricInput): ClassInput {
  if (target.task === "regression" || predictions.kind !== "probabilities")
    throw new Error("This metric takes classes and probabilities.");
  const classCount = target.classes.length;
  if (predictions.classes !== classCount)
    throw new Error(`Predictions have ${predictions.classes} classes, the target has ${classCount}.`);
  checkLengths(target.codes.length, predictions.values.length / classCount, weights);
  return {
    rows: target.codes.length,
    codes: target.codes,
    classCount,
    probabilities: predictions.values,
    weights,
    threshold,
  };
}

/** @throws Error when target and predictions do not belong together: a bug of the caller. */
export function valueInput({ target, predictions, weights }: MetricInput): ValueInput {
  if (target.task !== "regression" || predictions.kind !== "values")
    throw new Error("This metric takes numbers.");
  checkLengths(target.values.length, predictions.values.length, weights);
  return { rows: targetRows(target), actual: target.values, predicted: predictions.values, weights };
}

function checkLengths(rows: number, predicted: number, weights: Float64Array | undefined): void {
  if (predicted !== rows) throw new Error(`There are ${predicted} predictions for ${rows} rows.`);
  if (weights && weights.length !== rows)
    throw new Error(`There are ${weights.length} weights for ${rows} rows.`);
}

/** The probabilities of one class. */
export function scoresOf(input: ClassInput, classIndex: number): Float64Array {
  const scores = new Float64Array(input.rows);
  for (let row = 0; row < input.rows; row++) {
    scores[row] = input.probabilities[row * input.classCount + classIndex]!;
  }
  return scores;
}

/**
 * The class decided for each row: binary, the positive one from the threshold (default 0.5) on; otherwise the most
 * probable, the first among equals.
 */
export function decidedClasses(input: ClassInput): Int32Array {
  const { rows, classCount, probabilities, threshold = 0.5 } = input;
  const decided = new Int32Array(rows);
  for (let row = 0; row < rows; row++) {
    const start = row * classCount;
    if (classCount === 2) {
      decided[row] = probabilities[start + 1]! >= threshold ? 1 : 0;
      continue;
    }
    decided[row] = indexOfLargest(probabilities, start, classCount);
  }
  return decided;
}

/** Ratio, or `otherwise` where the denominator is 0. */
export function ratio(numerator: number, denominator: number, otherwise = 0): number {
  return denominator === 0 ? otherwise : numerator / denominator;
}
