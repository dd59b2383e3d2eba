import type { Random } from "../../../foundation/base/random.js";
import { dotProducts, squaredNorms } from "../numeric/distances.js";

/**
 * Rows spread over the data, ascending: each next one is drawn with a chance in proportion to its squared distance
 * from the nearest chosen (k-means++; Arthur and Vassilvitskii, 2007), so that dense regions get more than
 * outliers yet none twice. Fewer than `count` where fewer rows differ. `points`: centred, `rows * width`.
 */
export function spreadLandmarks(
  points: Float64Array,
  rows: number,
  width: number,
  count: number,
  random: Random,
): Int32Array {
  const norms = squaredNorms(points, rows, width);
  const nearest = new Float64Array(rows).fill(Number.POSITIVE_INFINITY);
  const products = new Float64Array(rows);
  const chosen: number[] = [];
  let next = random.integer(rows);
  while (chosen.length < count) {
    chosen.push(next);
    dotProducts(points, next * width, points, rows, width, products);
    let total = 0;
    for (let row = 0; row < rows; row++) {
      const squared = norms[row]! + norms[next]! - 2 * products[row]!;
      // What rounding leaves between equal rows is no distance.
      const distance = squared > 1e-12 * (norms[row]! + norms[next]!) ? squared : 0;
      if (distance < nearest[row]!) nearest[row] = distance;
      total += nearest[row]!;
    }
    if (!(total > 0)) break;
    next = drawProportional(nearest, random.uniform() * total);
  }
  return Int32Array.from(chosen).sort();
}

/** The item in which `mark` falls when items lie end to end; the last positive one past the end. */
function drawProportional(lengths: Float64Array, mark: number): number {
  let rest = mark;
  let last = 0;
  for (let i = 0; i < lengths.length; i++) {
    if (lengths[i] === 0) continue;
    last = i;
    rest -= lengths[i]!;
    if (rest < 0) break;
  }
  return last;
}
