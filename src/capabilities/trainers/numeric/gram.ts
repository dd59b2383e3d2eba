/**
 * Adds the inner products of vectors to the upper triangle of `gram`: gram[i,j] += vectors[i] . vectors[j].
 * `vectors` is row-major `count * length`; `gram` row-major `count * count`. Tiles of 2 x 4 keep the sums in
 * registers.
 */
export function accumulateGram(
  vectors: Float64Array,
  count: number,
  length: number,
  gram: Float64Array,
): void {
  const whole = count - (count % 4);
  for (let i = 0; i < count; i += 2) {
    const pair = i + 1 < count;
    const a = i * length;
    const b = pair ? a + length : a;
    // Tiles start at a multiple of 4 at or left of the diagonal; the few entries below it are harmless.
    const first = i - (i % 4);
    for (let j = first; j < whole; j += 4) {
      addTile(vectors, length, gram, count, i, j, a, b, pair);
    }
    for (let j = Math.max(whole, i); j < count; j++) {
      gram[i * count + j]! += dot(vectors, a, j * length, length);
      if (pair && j > i) gram[(i + 1) * count + j]! += dot(vectors, b, j * length, length);
    }
  }
}

function addTile(
  vectors: Float64Array,
  length: number,
  gram: Float64Array,
  count: number,
  i: number,
  j: number,
  a: number,
  b: number,
  pair: boolean,
): void {
  let a0 = 0;
  let a1 = 0;
  let a2 = 0;
  let a3 = 0;
  let b0 = 0;
  let b1 = 0;
  let b2 = 0;
  let b3 = 0;
  const j0 = j * length;
  const j1 = j0 + length;
  const j2 = j1 + length;
  const j3 = j2 + length;
  for (let k = 0; k < length; k++) {
    const left = vectors[a + k]!;
    const right = vectors[b + k]!;
    const v0 = vectors[j0 + k]!;
    const v1 = vectors[j1 + k]!;
    const v2 = vectors[j2 + k]!;
    const v3 = vectors[j3 + k]!;
    a0 += left * v0;
    a1 += left * v1;
    a2 += left * v2;
    a3 += left * v3;
    b0 += right * v0;
    b1 += right * v1;
    b2 += right * v2;
    b3 += right * v3;
  }
  const top = i * count + j;
  gram[top]! += a0;
  gram[top + 1]! += a1;
  gram[top + 2]! += a2;
  gram[top + 3]! += a3;
  if (!pair) return;
  const bottom = top + count;
  gram[bottom]! += b0;
  gram[bottom + 1]! += b1;
  gram[bottom + 2]! += b2;
  gram[bottom + 3]! += b3;
}

function dot(values: Float64Array, a: number, b: number, length: number): number {
  let sum = 0;
  for (let k = 0; k < length; k++) sum += values[a + k]! * values[b + k]!;
  return sum;
}

/** Copies the upper triangle onto the lower one. */
export function mirrorUpper(matrix: Float64Array, size: number): void {
  for (let i = 0; i < size; i++) {
    for (let j = i + 1; j < size; j++) matrix[j * size + i] = matrix[i * size + j]!;
  }
}
