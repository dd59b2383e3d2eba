import type { Points } from "./mean-discrepancy.js";

/** Of two points; stops once it is beyond `limit`. */
export function squaredDistance(a: Points, rowA: number, b: Points, rowB: number, limit: number): number {
  let sum = 0;
  for (let k = 0; k < a.width && sum < limit; k++) {
    sum += (a.values[rowA * a.width + k]! - b.values[rowB * b.width + k]!) ** 2;
  }
  return sum;
}
