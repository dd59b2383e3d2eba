// Plain TypeScript of assembly/dense.entry.ts, by the definitions.
import type { RadialKernel } from "../dense-algebra.js";

/** A B', row-major [rowsA][rowsB]. */
export function referenceProduct(a: Float64Array, b: Float64Array, depth: number): Float64Array {
  const rowsA = a.length / depth;
  const rowsB = b.length / depth;
  return Float64Array.from({ length: rowsA * rowsB }, (_, index) => {
    const i = Math.floor(index / rowsB);
    const j = index % rowsB;
    let sum = 0;
    for (let k = 0; k < depth; k++) sum += a[i * depth + k]! * b[j * depth + k]!;
    return sum;
  });
}

/** L of A = L L', zeros above the diagonal; undefined where a pivot is not positive. */
export function referenceCholesky(matrix: Float64Array, size: number): Float64Array | undefined {
  const lower = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = matrix[i * size + j]!;
      for (let k = 0; k < j; k++) sum -= lower[i * size + k]! * lower[j * size + k]!;
      if (i === j && !(sum > 0)) return undefined;
      lower[i * size + j] = i === j ? Math.sqrt(sum) : sum / lower[j * size + j]!;
    }
  }
  return lower;
}

/** L x = r for each row r of `rows`. */
export function referenceSolveRows(lower: Float64Array, size: number, rows: Float64Array): Float64Array {
  const result = rows.slice();
  for (let base = 0; base < rows.length; base += size) {
    for (let i = 0; i < size; i++) {
      let sum = result[base + i]!;
      for (let k = 0; k < i; k++) sum -= lower[i * size + k]! * result[base + k]!;
      result[base + i] = sum / lower[i * size + i]!;
    }
  }
  return result;
}

/** `s`: gamma times the squared distance. */
export function referenceKernel(kernel: RadialKernel, s: number): number {
  switch (kernel) {
    case "gaussian":
      return Math.exp(-s);
    case "matern52": {
      const r = Math.sqrt(10 * s);
      return (1 + r + (r * r) / 3) * Math.exp(-r);
    }
    case "matern32": {
      const r = Math.sqrt(6 * s);
      return (1 + r) * Math.exp(-r);
    }
    case "exponential":
      return Math.exp(-Math.sqrt(2 * s));
  }
}
