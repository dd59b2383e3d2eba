/** Dense symmetric positive definite systems, row-major; only the lower triangle is read and written. */

/** The lower factor, or undefined where the matrix is not positive definite in double precision. */
function factor(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = i * size;
    for (let j = 0; j <= i; j++) {
      const other = j * size;
      let sum = matrix[row + j]!;
      for (let k = 0; k < j; k++) sum -= lower[row + k]! * lower[other + k]!;
      if (j < i) lower[row + j] = sum / lower[other + j]!;
      else if (sum > 0) lower[row + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return lower;
}

/** The factor of the matrix plus as small a multiple of the identity as makes it definite. */
export function choleskyWithJitter(matrix: Float64Array, size: number): Float64Array {
  let greatest = 0;
  for (let i = 0; i < size; i++) greatest = Math.max(greatest, matrix[i * size + i]!);
  for (let jitter = 0; ; jitter = jitter === 0 ? 1e-12 * greatest : 10 * jitter) {
    const shifted = matrix.slice();
    for (let i = 0; i < size; i++) shifted[i * size + i]! += jitter;
    const lower = factor(shifted, size);
    if (lower) return lower;
    if (!(jitter <= greatest)) throw new Error("A covariance matrix holds values that are not finite.");
  }
}

/** L x = right, in place. */
export function solveLower(lower: Float64Array, size: number, right: Float64Array): Float64Array {
  for (let i = 0; i < size; i++) {
    const row = i * size;
    let sum = right[i]!;
    for (let k = 0; k < i; k++) sum -= lower[row + k]! * right[k]!;
    right[i] = sum / lower[row + i]!;
  }
  return right;
}

/** L^T x = right, in place. */
export function solveUpper(lower: Float64Array, size: number, right: Float64Array): Float64Array {
  for (let i = size - 1; i >= 0; i--) {
    const row = i * size;
    const value = right[i]! / lower[row + i]!;
    right[i] = value;
    for (let k = 0; k < i; k++) right[k]! -= lower[row + k]! * value;
  }
  return right;
}

/** The lower triangle of (L L^T)^-1. */
export function inverseFromFactor(lower: Float64Array, size: number): Float64Array {
  // Row i of `transposed` is column i of L^-1, so that the products below run along rows.
  const transposed = new Float64Array(size * size);
  for (let column = 0; column < size; column++) {
    const target = column * size;
    transposed[target + column] = 1 / lower[column * size + column]!;
    for (let i = column + 1; i < size; i++) {
      const row = i * size;
      let sum = 0;
      for (let k = column; k < i; k++) sum -= lower[row + k]! * transposed[target + k]!;
      transposed[target + i] = sum / lower[row + i]!;
    }
  }
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = i; k < size; k++) sum += transposed[i * size + k]! * transposed[j * size + k]!;
      inverse[i * size + j] = sum;
    }
  }
  return inverse;
}
