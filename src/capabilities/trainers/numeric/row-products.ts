/** The two inner loops of linear fits, four rows at a time: coefficients and sums are read once for four. */
import type { Design } from "./design.js";

export const ROWS_AT_ONCE = 4;

/**
 * products[i] = row (first + i) of the design . coefficients[start .. start + width), for `count` <= 4 rows.
 */
export function rowProducts(
  { values, width }: Design,
  first: number,
  count: number,
  coefficients: Float64Array,
  start: number,
  products: Float64Array,
): void {
  const a = first * width;
  // Rows that do not exist repeat the last one, and are not read.
  const b = count > 1 ? a + width : a;
  const c = count > 2 ? b + width : b;
  const d = count > 3 ? c + width : c;
  let sumA = 0;
  let sumB = 0;
  let sumC = 0;
  let sumD = 0;
  for (let j = 0; j < width; j++) {
    const coefficient = coefficients[start + j]!;
    sumA += coefficient * values[a + j]!;
    sumB += coefficient * values[b + j]!;
    sumC += coefficient * values[c + j]!;
    sumD += coefficient * values[d + j]!;
  }
  products[0] = sumA;
  products[1] = sumB;
  products[2] = sumC;
  products[3] = sumD;
}

/** sums[start + j] += sum over i of factors[i] * row (first + i)[j], for `count` <= 4 rows. */
export function addRows(
  { values, width }: Design,
  first: number,
  count: number,
  factors: Float64Array,
  sums: Float64Array,
  start: number,
): void {
  const a = first * width;
  const b = count > 1 ? a + width : a;
  const c = count > 2 ? b + width : b;
  const d = count > 3 ? c + width : c;
  const factorA = factors[0]!;
  const factorB = count > 1 ? factors[1]! : 0;
  const factorC = count > 2 ? factors[2]! : 0;
  const factorD = count > 3 ? factors[3]! : 0;
  for (let j = 0; j < width; j++) {
    sums[start + j]! +=
      factorA * values[a + j]! +
      factorB * values[b + j]! +
      (factorC * values[c + j]! + factorD * values[d + j]!);
  }
}
