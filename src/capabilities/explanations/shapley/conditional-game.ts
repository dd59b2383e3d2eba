import type { ExplainedFeature } from "../../../foundation/contracts/explainer-asset.js";
import type { CoalitionGame } from "./estimate.js";

export interface LinearForm {
  readonly width: number;
  readonly outputs: number;
  readonly center: Float32Array;
  readonly coefficients: Float64Array;
  readonly offsets: Float64Array;
  /** Of the background rows. */
  readonly mean: Float64Array;
}

/** Share of a feature's variance added to it, so that features that repeat others can be told apart. */
const RIDGE = 1e-6;

/**
 * Worth of a coalition of raw columns for a linear form: its score at the mean of the features given those of the
 * coalition's columns, under a normal distribution (mean and covariance of the background).
 */
export function createConditionalGame(
  form: LinearForm,
  background: Float32Array,
  features: readonly ExplainedFeature[],
  columns: readonly string[],
): (row: Float32Array) => CoalitionGame {
  const { width, outputs, coefficients, offsets, center, mean } = form;
  const covariance = covarianceOf(background, mean);
  const place = new Map(columns.map((name, k) => [name, k]));
  const players = features.map((feature) => feature.columns.map((name) => place.get(name)!));
  return (row) => async (coalitions) => {
    const worths = new Float64Array(coalitions.length * outputs);
    for (const [at, coalition] of coalitions.entries()) {
      const known: number[] = [];
      for (const [j, own] of players.entries())
        if (own.every((player) => coalition[player] === 1)) known.push(j);
      const guess = expectedGiven(row, known, mean, covariance);
      for (let k = 0; k < outputs; k++) {
        let sum = offsets[k]!;
        for (let j = 0; j < width; j++) sum += coefficients[k * width + j]! * (guess[j]! - center[j]!);
        worths[at * outputs + k] = sum;
      }
    }
    return worths;
  };
}

function covarianceOf(matrix: Float32Array, mean: Float64Array): Float64Array {
  const width = mean.length;
  const rows = matrix.length / width;
  const covariance = new Float64Array(width * width);
  for (let row = 0; row < rows; row++) {
    for (let a = 0; a < width; a++) {
      const x = matrix[row * width + a]! - mean[a]!;
      for (let b = 0; b < width; b++) {
        covariance[a * width + b]! += (x * (matrix[row * width + b]! - mean[b]!)) / Math.max(rows - 1, 1);
      }
    }
  }
  for (let a = 0; a < width; a++) covariance[a * width + a]! *= 1 + RIDGE;
  return covariance;
}

/** The mean of all features given the known ones, which stay as they are. */
function expectedGiven(
  row: Float32Array,
  known: readonly number[],
  mean: Float64Array,
  covariance: Float64Array,
): Float64Array {
  const width = mean.length;
  const varying = known.filter((j) => covariance[j * width + j]! > 0);
  const matrix = varying.map((a) => varying.map((b) => covariance[a * width + b]!));
  const solution = solvePositive(
    matrix,
    varying.map((j) => row[j]! - mean[j]!),
  );
  const guess = mean.map((value, j) => {
    let sum = value;
    for (const [at, other] of varying.entries()) sum += covariance[j * width + other]! * solution[at]!;
    return sum;
  });
  for (const j of known) guess[j] = row[j]!;
  return guess;
}

/** Solves A x = b for a symmetric positive definite A by Cholesky; directions without weight get 0. */
export function solvePositive(matrix: readonly number[][], right: readonly number[]): Float64Array {
  const size = right.length;
  const lower = matrix.map((line) => [...line]);
  const solution = Float64Array.from(right);
  for (let j = 0; j < size; j++) {
    let pivot = lower[j]![j]!;
    for (let k = 0; k < j; k++) pivot -= lower[j]![k]! ** 2;
    const root = pivot > 1e-12 * matrix[j]![j]! ? Math.sqrt(pivot) : 0;
    lower[j]![j] = root;
    for (let i = j + 1; i < size; i++) {
      let sum = lower[i]![j]!;
      for (let k = 0; k < j; k++) sum -= lower[i]![k]! * lower[j]![k]!;
      lower[i]![j] = root === 0 ? 0 : sum / root;
    }
  }
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < i; k++) solution[i]! -= lower[i]![k]! * solution[k]!;
    solution[i] = lower[i]![i] === 0 ? 0 : solution[i]! / lower[i]![i]!;
  }
  for (let i = size - 1; i >= 0; i--) {
    for (let k = i + 1; k < size; k++) solution[i]! -= lower[k]![i]! * solution[k]!;
    solution[i] = lower[i]![i] === 0 ? 0 : solution[i]! / lower[i]![i]!;
  }
  return solution;
}
