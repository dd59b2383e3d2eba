/** Features, their squares and their products, standardised: the basis of a second-degree polynomial. */
import type { Design } from "../numeric/design.js";
import type { RidgeTargets } from "../numeric/ridge-system.js";

export interface QuadraticTerms {
  /** Terms beside the features: feature `left[k]` times feature `right[k]`. */
  readonly left: Int32Array;
  readonly right: Int32Array;
}

export interface StandardizedTerms {
  readonly terms: QuadraticTerms;
  /** Of the features, then the products. */
  readonly mean: Float64Array;
  /** What to divide by. */
  readonly scale: Float64Array;
  /** Row-major `rows * (width + products)`, squared lengths of rows about 1. */
  readonly values: Float64Array;
}

/** The values of all terms of one row, features first, into `result`. */
export function termsOf(
  { values, width }: Design,
  row: number,
  { left, right }: QuadraticTerms,
  result: Float64Array,
  start: number,
): void {
  const base = row * width;
  for (let j = 0; j < width; j++) result[start + j] = values[base + j]!;
  for (let k = 0; k < left.length; k++) {
    result[start + width + k] = values[base + left[k]!]! * values[base + right[k]!]!;
  }
}

/**
 * Squares and products of the `columns` features that follow the target most closely. A product that never varies
 * (two indicators of one category) or repeats a feature (the square of an indicator) is left out.
 */
export function quadraticTerms(design: Design, targets: RidgeTargets, columns: number): QuadraticTerms {
  const chosen = closestFeatures(design, targets, columns);
  const left: number[] = [];
  const right: number[] = [];
  for (const [position, a] of chosen.entries()) {
    for (const b of chosen.subarray(position)) {
      if (!isNew(design, a, b)) continue;
      left.push(a);
      right.push(b);
    }
  }
  return { left: Int32Array.from(left), right: Int32Array.from(right) };
}

function isNew({ rows, width, values }: Design, a: number, b: number): boolean {
  let varies = false;
  let differs = a !== b;
  const first = values[a]! * values[b]!;
  for (let base = 0; base < rows * width && !(varies && differs); base += width) {
    const product = values[base + a]! * values[base + b]!;
    varies ||= product !== first;
    differs ||= product !== values[base + a]!;
  }
  return varies && differs;
}

/** By falling sum of squared covariances of the outputs with the standardised feature; ascending positions. */
function closestFeatures({ rows, width, values }: Design, targets: RidgeTargets, count: number): Int32Array {
  const all = Int32Array.from({ length: width }, (_, j) => j);
  if (width <= count) return all;
  const strength = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    let sum = 0;
    let squares = 0;
    for (let row = 0; row < rows; row++) {
      const value = values[row * width + j]!;
      sum += value;
      squares += value * value;
    }
    const variance = Math.max(squares / rows - (sum / rows) ** 2, 1e-12);
    for (let k = 0; k < targets.outputs; k++) {
      let covariance = 0;
      for (let row = 0; row < rows; row++) {
        covariance += targets.values[k * rows + row]! * (values[row * width + j]! - sum / rows);
      }
      strength[j]! += (covariance * covariance) / variance;
    }
  }
  return all
    .sort((a, b) => strength[b]! - strength[a]! || a - b)
    .slice(0, count)
    .sort();
}

/** All terms of all rows, centred and scaled by their weighted moments. */
export function standardizedTerms(
  design: Design,
  terms: QuadraticTerms,
  rootWeights: Float64Array,
): StandardizedTerms {
  const { rows, width } = design;
  const size = width + terms.left.length;
  const values = new Float64Array(rows * size);
  const mean = new Float64Array(size);
  const squares = new Float64Array(size);
  for (let row = 0; row < rows; row++) {
    termsOf(design, row, terms, values, row * size);
    for (let k = 0; k < size; k++) mean[k]! += (rootWeights[row]! ** 2 * values[row * size + k]!) / rows;
  }
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < size; k++) {
      const deviation = values[row * size + k]! - mean[k]!;
      values[row * size + k] = deviation;
      squares[k]! += (rootWeights[row]! ** 2 * deviation * deviation) / rows;
    }
  }
  const scale = squares.map(
    (square, k) => (square > (1e-12 * mean[k]!) ** 2 ? Math.sqrt(square) : 1) * Math.sqrt(size),
  );
  for (let i = 0; i < values.length; i++) values[i]! /= scale[i % size]!;
  return { terms, mean, scale, values };
}
