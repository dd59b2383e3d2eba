// Cholesky factors and triangular solves of row-major float64 matrices, blocked so that nearly all work is A B'.

import { laneSum, multiplyTransposed } from "./dense-product";

const BLOCK: i32 = 32;
const INVERSE_ROWS: i32 = 128;

@inline
function at(matrix: usize, stride: i32, row: i32, column: i32): usize {
  return matrix + ((<usize>row * <usize>stride + <usize>column) << 3);
}

@inline
function dot(a: usize, b: usize, length: i32): f64 {
  let sum = f64x2.splat(0);
  let k = 0;
  for (; k + 2 <= length; k += 2) {
    const offset = <usize>k << 3;
    sum = f64x2.add(sum, f64x2.mul(v128.load(a + offset), v128.load(b + offset)));
  }
  let total = laneSum(sum);
  if (k < length) total += load<f64>(a + (<usize>k << 3)) * load<f64>(b + (<usize>k << 3));
  return total;
}

/**
 * Replaces the lower triangle of a symmetric matrix by L, A = L L'. Returns 0, or 1 + the row whose pivot is not
 * positive.
 */
export function factorizeCholesky(matrix: usize, size: i32, stride: i32): i32 {
  for (let start = 0; start < size; start += BLOCK) {
    const length = min(BLOCK, size - start);
    const corner = at(matrix, stride, start, start);
    const left = at(matrix, stride, start, 0);
    multiplyTransposed(corner, stride, left, stride, size - start, left, stride, length, start, -1, 1);
    for (let j = 0; j < length; j++) {
      const row = at(corner, stride, j, 0);
      for (let k = 0; k < j; k++) {
        const other = at(corner, stride, k, 0);
        const entry = row + (<usize>k << 3);
        store<f64>(entry, (load<f64>(entry) - dot(row, other, k)) / load<f64>(other + (<usize>k << 3)));
      }
      const diagonal = row + (<usize>j << 3);
      const pivot = load<f64>(diagonal) - dot(row, row, j);
      if (!(pivot > 0)) return start + j + 1;
      store<f64>(diagonal, Math.sqrt(pivot));
    }
    const below = size - start - length;
    if (below > 0) solveBlock(corner, length, stride, at(corner, stride, length, 0), stride, below);
  }
  return 0;
}

/** Rows X := X L^-T for one diagonal block, two rows at a time. */
function solveBlock(lower: usize, length: i32, stride: i32, x: usize, strideX: i32, count: i32): void {
  for (let i = 0; i < count; i += 2) {
    const first = at(x, strideX, i, 0);
    const second = i + 1 < count ? at(x, strideX, i + 1, 0) : first;
    for (let j = 0; j < length; j++) {
      const row = at(lower, stride, j, 0);
      const place = <usize>j << 3;
      const pivot = load<f64>(row + place);
      const value = (load<f64>(first + place) - dot(first, row, j)) / pivot;
      if (second != first) {
        store<f64>(second + place, (load<f64>(second + place) - dot(second, row, j)) / pivot);
      }
      store<f64>(first + place, value);
    }
  }
}

/** Solves L x = r for each of `count` rows r of X, in place: X := X L^-T. */
export function solveRows(lower: usize, size: i32, stride: i32, x: usize, strideX: i32, count: i32): void {
  for (let start = 0; start < size; start += BLOCK) {
    const length = min(BLOCK, size - start);
    const target = x + (<usize>start << 3);
    multiplyTransposed(
      target, strideX, x, strideX, count, at(lower, stride, start, 0), stride, length, start, -1, 0,
    );
    solveBlock(at(lower, stride, start, start), length, stride, target, strideX, count);
  }
}

/** L^-T, upper triangular, into `inverse` (size x size, wholly overwritten). */
export function invertLower(lower: usize, size: i32, inverse: usize): void {
  memory.fill(inverse, 0, (<usize>size * <usize>size) << 3);
  for (let start = 0; start < size; start += INVERSE_ROWS) {
    const count = min(INVERSE_ROWS, size - start);
    for (let i = start; i < start + count; i++) store<f64>(at(inverse, size, i, i), 1);
    // Row i begins at column i: what is left of the block stays 0.
    solveRows(at(lower, size, start, start), size - start, size, at(inverse, size, start, start), size, count);
  }
}
