/**
 * Cholesky factorisation with diagonal pivoting of symmetric positive semidefinite matrices (Higham,
 * Accuracy and Stability of Numerical Algorithms, section 10.3).
 */
export interface PivotedCholesky {
  readonly size: number;
  /** Lower triangle L of the permuted matrix, row-major `size * size`; columns from `rank` on are unused. */
  readonly lower: Float64Array;
  /** Row k of the factor belongs to row `order[k]` of the matrix. */
  readonly order: Int32Array;
  readonly rank: number;
}

/**
 * Factors a symmetric matrix (row-major, overwritten). Pivots at or below `tolerance` times the greatest
 * diagonal end the factorisation: the remaining rows depend on the earlier ones.
 */
export function factorize(matrix: Float64Array, size: number, tolerance = 1e-11): PivotedCholesky {
  const order = Int32Array.from({ length: size }, (_, i) => i);
  let greatest = 0;
  for (let i = 0; i < size; i++) greatest = Math.max(greatest, matrix[i * size + i]!);
  const threshold = greatest * tolerance;
  let rank = 0;
  for (; rank < size; rank++) {
    let pivot = rank;
    for (let i = rank + 1; i < size; i++) {
      if (matrix[i * size + i]! > matrix[pivot * size + pivot]!) pivot = i;
    }
    if (!(matrix[pivot * size + pivot]! > threshold)) break;
    if (pivot !== rank) swapSymmetric(matrix, size, rank, pivot, order);
    eliminate(matrix, size, rank);
  }
  return { size, lower: matrix, order, rank };
}

/** One column of L, and the update of the lower triangle below it. */
function eliminate(matrix: Float64Array, size: number, k: number): void {
  const root = Math.sqrt(matrix[k * size + k]!);
  matrix[k * size + k] = root;
  // Row k right of the diagonal is free (only the lower triangle is read): it holds the column, contiguous.
  const column = k * size;
  for (let i = k + 1; i < size; i++) {
    const value = matrix[i * size + k]! / root;
    matrix[i * size + k] = value;
    matrix[column + i] = value;
  }
  for (let i = k + 1; i < size; i++) {
    const factor = matrix[column + i]!;
    if (factor === 0) continue;
    const row = i * size;
    for (let j = k + 1; j <= i; j++) matrix[row + j]! -= factor * matrix[column + j]!;
  }
}

/** Exchanges rows and columns a < b of the matrix, lower triangle only. */
function swapSymmetric(matrix: Float64Array, size: number, a: number, b: number, order: Int32Array): void {
  const swap = (i: number, j: number) => {
    const kept = matrix[i]!;
    matrix[i] = matrix[j]!;
    matrix[j] = kept;
  };
  for (let k = 0; k < a; k++) swap(a * size + k, b * size + k);
  for (let k = a + 1; k < b; k++) swap(k * size + a, b * size + k);
  for (let k = b + 1; k < size; k++) swap(k * size + a, k * size + b);
  swap(a * size + a, b * size + b);
  const kept = order[a]!;
  order[a] = order[b]!;
  order[b] = kept;
}

/** Solves A x = b; the coordinates of dependent rows are 0 (a basic solution of a consistent system). */
export function solve({ size, lower, order, rank }: PivotedCholesky, right: Float64Array): Float64Array {
  const inner = new Float64Array(rank);
  for (let i = 0; i < rank; i++) {
    let sum = right[order[i]!]!;
    for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * inner[k]!;
    inner[i] = sum / lower[i * size + i]!;
  }
  for (let i = rank - 1; i >= 0; i--) {
    let sum = inner[i]!;
    for (let k = i + 1; k < rank; k++) sum -= lower[k * size + i]! * inner[k]!;
    inner[i] = sum / lower[i * size + i]!;
  }
  const solution = new Float64Array(size);
  for (let i = 0; i < rank; i++) solution[order[i]!] = inner[i]!;
  return solution;
}
