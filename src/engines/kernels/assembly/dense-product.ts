// C += factor * A B' for row-major float64 matrices: both operands are read along their rows.

/** Columns of the product at a time: their rows of B, of DEPTH numbers each, stay in the first-level cache. */
const COLUMNS: i32 = 16;
const DEPTH: i32 = 256;

/**
 * Strides are in numbers. `lowerOnly`: tiles wholly above the diagonal are left alone. The order of the sums
 * depends on the depth alone, never on the place in the matrix.
 */
export function multiplyTransposed(
  c: usize, strideC: i32, a: usize, strideA: i32, rowsA: i32, b: usize, strideB: i32, rowsB: i32,
  depth: i32, factor: f64, lowerOnly: i32,
): void {
  const bytesA = <usize>strideA << 3;
  const bytesB = <usize>strideB << 3;
  for (let k = 0; k < depth; k += DEPTH) {
    const length = min(DEPTH, depth - k);
    const offset = <usize>k << 3;
    for (let first = 0; first < rowsB; first += COLUMNS) {
      const end = min(rowsB, first + COLUMNS);
      const top = lowerOnly != 0 ? first & ~3 : 0;
      for (let i = top; i < rowsA; i += 4) {
        for (let j = first; j < end; j += 2) {
          if (lowerOnly != 0 && j > i + 3) break;
          tile(
            c + ((<usize>i * <usize>strideC + <usize>j) << 3), <usize>strideC << 3, min(4, rowsA - i), min(2, end - j),
            a + <usize>i * bytesA + offset, bytesA, b + <usize>j * bytesB + offset, bytesB, length, factor,
          );
        }
      }
    }
  }
}

/** Up to 4 x 2 entries; rows that do not exist repeat the first one and are not stored. */
@inline
function tile(
  c: usize, bytesC: usize, rows: i32, columns: i32,
  a: usize, bytesA: usize, b: usize, bytesB: usize, length: i32, factor: f64,
): void {
  let a0 = a;
  let a1 = rows > 1 ? a + bytesA : a;
  let a2 = rows > 2 ? a + 2 * bytesA : a;
  let a3 = rows > 3 ? a + 3 * bytesA : a;
  let b0 = b;
  let b1 = columns > 1 ? b + bytesB : b;
  let s00 = f64x2.splat(0), s01 = f64x2.splat(0), s10 = f64x2.splat(0), s11 = f64x2.splat(0);
  let s20 = f64x2.splat(0), s21 = f64x2.splat(0), s30 = f64x2.splat(0), s31 = f64x2.splat(0);
  const end = a0 + (<usize>(length & ~1) << 3);
  while (a0 < end) {
    const y0 = v128.load(b0);
    const y1 = v128.load(b1);
    let x = v128.load(a0);
    s00 = f64x2.add(s00, f64x2.mul(x, y0));
    s01 = f64x2.add(s01, f64x2.mul(x, y1));
    x = v128.load(a1);
    s10 = f64x2.add(s10, f64x2.mul(x, y0));
    s11 = f64x2.add(s11, f64x2.mul(x, y1));
    x = v128.load(a2);
    s20 = f64x2.add(s20, f64x2.mul(x, y0));
    s21 = f64x2.add(s21, f64x2.mul(x, y1));
    x = v128.load(a3);
    s30 = f64x2.add(s30, f64x2.mul(x, y0));
    s31 = f64x2.add(s31, f64x2.mul(x, y1));
    a0 += 16; a1 += 16; a2 += 16; a3 += 16; b0 += 16; b1 += 16;
  }
  if (length & 1) {
    // The other lane is 0.
    const y0 = v128.load64_zero(b0);
    const y1 = v128.load64_zero(b1);
    let x = v128.load64_zero(a0);
    s00 = f64x2.add(s00, f64x2.mul(x, y0));
    s01 = f64x2.add(s01, f64x2.mul(x, y1));
    x = v128.load64_zero(a1);
    s10 = f64x2.add(s10, f64x2.mul(x, y0));
    s11 = f64x2.add(s11, f64x2.mul(x, y1));
    x = v128.load64_zero(a2);
    s20 = f64x2.add(s20, f64x2.mul(x, y0));
    s21 = f64x2.add(s21, f64x2.mul(x, y1));
    x = v128.load64_zero(a3);
    s30 = f64x2.add(s30, f64x2.mul(x, y0));
    s31 = f64x2.add(s31, f64x2.mul(x, y1));
  }
  addRow(c, s00, s01, columns, factor);
  if (rows > 1) addRow(c + bytesC, s10, s11, columns, factor);
  if (rows > 2) addRow(c + 2 * bytesC, s20, s21, columns, factor);
  if (rows > 3) addRow(c + 3 * bytesC, s30, s31, columns, factor);
}

@inline
function addRow(c: usize, left: v128, right: v128, columns: i32, factor: f64): void {
  store<f64>(c, load<f64>(c) + factor * laneSum(left));
  if (columns > 1) store<f64>(c + 8, load<f64>(c + 8) + factor * laneSum(right));
}

@inline
export function laneSum(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}
