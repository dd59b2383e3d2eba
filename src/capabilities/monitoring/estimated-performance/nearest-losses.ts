import type { Points } from "../statistics/mean-discrepancy.js";
import { squaredDistance } from "../statistics/squared-distance.js";

const NEIGHBOURS = 20;

/**
 * The loss to expect of each point: the mean loss of its nearest held-out points, a direct estimate (DLE) that needs
 * no second model. `own` leaves each point itself out, for judging the estimate on the reference.
 * O(reference * current * width).
 */
export function nearestLosses(
  reference: Points,
  losses: Float64Array,
  current: Points,
  own = false,
): Float64Array {
  const neighbours = Math.min(NEIGHBOURS, reference.rows - (own ? 1 : 0));
  const best = new Float64Array(neighbours);
  const bestLoss = new Float64Array(neighbours);
  return Float64Array.from({ length: current.rows }, (_, row) => {
    best.fill(Number.POSITIVE_INFINITY);
    for (let other = 0; other < reference.rows; other++) {
      if (own && other === row) continue;
      const distance = squaredDistance(current, row, reference, other, best[neighbours - 1]!);
      if (distance >= best[neighbours - 1]!) continue;
      let place = neighbours - 1;
      for (; place > 0 && best[place - 1]! > distance; place--) {
        best[place] = best[place - 1]!;
        bestLoss[place] = bestLoss[place - 1]!;
      }
      best[place] = distance;
      bestLoss[place] = losses[other]!;
    }
    return bestLoss.reduce((sum, loss) => sum + loss, 0) / neighbours;
  });
}
