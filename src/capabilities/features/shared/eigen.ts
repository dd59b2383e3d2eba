/**
 * Eigenvalues and vectors of a real symmetric matrix: Householder reduction to tridiagonal form, then implicit
 * QL (EISPACK tred2 and tql2; Bowdler, Martin, Reinsch and Wilkinson, 1968). O(n^3).
 */
export interface Eigen {
  /** Descending. */
  readonly values: Float64Array;
  /** Row k is the unit eigenvector of values[k]; its largest component is positive. */
  readonly vectors: Float64Array;
}

/** Beside entries of about 1; rotations by less would not keep their length. */
const NEGLIGIBLE = 1e-150;

/** @param matrix row-major n x n, symmetric; left alone */
export function symmetricEigen(matrix: Float64Array, n: number): Eigen {
  // Scaled to entries of at most 1, so that neither squares nor rotations leave the range of float64.
  const scale = matrix.reduce((most, entry) => Math.max(most, Math.abs(entry)), 0) || 1;
  const v = matrix.map((entry) => entry / scale);
  const diagonal = new Float64Array(n);
  const off = new Float64Array(n);
  tridiagonalize(v, diagonal, off, n);
  diagonalize(v, diagonal, off, n);
  const order = Array.from(diagonal.keys()).sort((a, b) => diagonal[b]! - diagonal[a]! || a - b);
  const vectors = new Float64Array(n * n);
  for (const [row, column] of order.entries()) {
    let largest = 0;
    for (let i = 0; i < n; i++) {
      const value = v[i * n + column]!;
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    const sign = largest < 0 ? -1 : 1;
    for (let i = 0; i < n; i++) vectors[row * n + i] = sign * v[i * n + column]!;
  }
  return { values: Float64Array.from(order, (column) => diagonal[column]! * scale), vectors };
}

/** On return `v` holds the accumulated reflections, `d` the diagonal, `e[1..]` the side diagonal. */
function tridiagonalize(v: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  for (let i = n - 1; i > 0; i--) {
    const row = v.subarray(i * n, i * n + i);
    let h = 0;
    let scale = 0;
    for (let k = 0; k < i; k++) scale += Math.abs(row[k]!);
    if (i === 1 || scale < NEGLIGIBLE) {
      e[i] = row[i - 1]!;
    } else {
      for (let k = 0; k < i; k++) {
        row[k]! /= scale;
        h += row[k]! * row[k]!;
      }
      const f = row[i - 1]!;
      const g = f > 0 ? -Math.sqrt(h) : Math.sqrt(h);
      e[i] = scale * g;
      h -= f * g;
      row[i - 1] = f - g;
      reflect(v, e, row, h, i, n);
    }
    d[i] = h;
  }
  d[0] = 0;
  e[0] = 0;
  for (let i = 0; i < n; i++) accumulate(v, d, i, n);
}

function reflect(v: Float64Array, e: Float64Array, row: Float64Array, h: number, i: number, n: number): void {
  let f = 0;
  for (let j = 0; j < i; j++) {
    v[j * n + i] = row[j]! / h;
    let g = 0;
    for (let k = 0; k <= j; k++) g += v[j * n + k]! * row[k]!;
    for (let k = j + 1; k < i; k++) g += v[k * n + j]! * row[k]!;
    e[j] = g / h;
    f += e[j]! * row[j]!;
  }
  const half = f / (h + h);
  for (let j = 0; j < i; j++) {
    const own = row[j]!;
    e[j]! -= half * own;
    const g = e[j]!;
    for (let k = 0; k <= j; k++) v[j * n + k]! -= own * e[k]! + g * row[k]!;
  }
}

function accumulate(v: Float64Array, d: Float64Array, i: number, n: number): void {
  if (d[i] !== 0) {
    const sums = new Float64Array(i);
    for (let k = 0; k < i; k++) {
      const factor = v[i * n + k]!;
      for (let j = 0; j < i; j++) sums[j]! += factor * v[k * n + j]!;
    }
    for (let k = 0; k < i; k++) {
      const factor = v[k * n + i]!;
      for (let j = 0; j < i; j++) v[k * n + j]! -= sums[j]! * factor;
    }
  }
  d[i] = v[i * n + i]!;
  v[i * n + i] = 1;
  for (let j = 0; j < i; j++) {
    v[j * n + i] = 0;
    v[i * n + j] = 0;
  }
}

function diagonalize(v: Float64Array, d: Float64Array, e: Float64Array, n: number): void {
  // Columns are rotated; rows of the transpose are contiguous.
  const t = transpose(v, n);
  e.copyWithin(0, 1);
  e[n - 1] = 0;
  for (let l = 0; l < n; l++) {
    for (let step = 0; step < 60; step++) {
      let m = l;
      for (; m < n - 1; m++) {
        const size = Math.abs(d[m]!) + Math.abs(d[m + 1]!);
        if (Math.abs(e[m]!) <= Math.max(Number.EPSILON * size, NEGLIGIBLE)) break;
      }
      if (m === l) break;
      sweep(t, d, e, l, m, n);
    }
  }
  v.set(transpose(t, n));
}

/** One implicit QL step on rows l..m. */
function sweep(t: Float64Array, d: Float64Array, e: Float64Array, l: number, m: number, n: number): void {
  let g = (d[l + 1]! - d[l]!) / (2 * e[l]!);
  let r = Math.hypot(g, 1);
  g = d[m]! - d[l]! + e[l]! / (g + (g >= 0 ? r : -r));
  let [sine, cosine, shift] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const f = sine * e[i]!;
    const b = cosine * e[i]!;
    r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      d[i + 1]! -= shift;
      e[m] = 0;
      return;
    }
    sine = f / r;
    cosine = g / r;
    g = d[i + 1]! - shift;
    r = (d[i]! - g) * sine + 2 * cosine * b;
    shift = sine * r;
    d[i + 1] = g + shift;
    g = cosine * r - b;
    for (let k = 0; k < n; k++) {
      const upper = t[(i + 1) * n + k]!;
      const lower = t[i * n + k]!;
      t[(i + 1) * n + k] = sine * lower + cosine * upper;
      t[i * n + k] = cosine * lower - sine * upper;
    }
  }
  d[l]! -= shift;
  e[l] = g;
  e[m] = 0;
}

function transpose(v: Float64Array, n: number): Float64Array {
  const result = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) result[j * n + i] = v[i * n + j]!;
  return result;
}
