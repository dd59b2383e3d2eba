import { finiteValues } from "../../../foundation/base/gather.js";
/** Statistics of one column. Missing and infinite values are left out unless said otherwise. */

/** The finite values, ascending. */
export function sortedFinite(values: ArrayLike<number>): Float64Array {
  return finiteValues(values).slice().sort();
}

/** Mean of finite values, by a scaled sum where the plain one overflows; NaN of nothing. */
export function mean(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  if (Number.isFinite(sum)) return sum / values.length;
  let scaled = 0;
  for (let i = 0; i < values.length; i++) scaled += values[i]! / values.length;
  return scaled;
}

/** Population variance around `center` (two passes, with the correction of Chan et al., 1983). */
export function variance(values: Float64Array, center: number): number {
  let squares = 0;
  let rest = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = values[i]! - center;
    squares += distance * distance;
    rest += distance;
  }
  return (squares - (rest * rest) / values.length) / values.length;
}

/** Fisher's skewness, 0 for constant columns. */
export function skewness(values: Float64Array): number {
  const center = mean(values);
  const scale = Math.sqrt(variance(values, center));
  if (!(scale > 0)) return 0;
  let cubes = 0;
  for (let i = 0; i < values.length; i++) {
    const distance = (values[i]! - center) / scale;
    cubes += distance * distance * distance;
  }
  return cubes / values.length;
}

/** Whether a variance is rounding noise of a constant column (the bound scikit-learn uses). */
export function isConstant(spread: number, center: number, count: number): boolean {
  const epsilon = Number.EPSILON;
  return !(spread > count * epsilon * spread + (count * center * epsilon) ** 2);
}

/** The most frequent finite value, the smallest of several; NaN of nothing. */
export function mode(sorted: Float64Array): number {
  let best = Number.NaN;
  let bestCount = 0;
  for (let start = 0; start < sorted.length; ) {
    let end = start + 1;
    while (end < sorted.length && sorted[end] === sorted[start]) end++;
    if (end - start > bestCount) {
      bestCount = end - start;
      best = sorted[start]!;
    }
    start = end;
  }
  return best;
}
