import type { Points } from "../statistics/mean-discrepancy.js";
import { squaredDistance } from "../statistics/squared-distance.js";

const NEIGHBOURS = 3;

/**
 * Distance of each current point to its third nearest reference point, in the unit of the points; `own` leaves each
 * point itself out. The third, so that one odd reference row makes nothing usual. O(reference * current * width).
 */
export function nearestDistances(reference: Points, current: Points, own = false): Float64Array {
  const neighbours = Math.min(NEIGHBOURS, reference.rows - (own ? 1 : 0));
  const best = new Float64Array(neighbours);
  return Float64Array.from({ length: current.rows }, (_, row) => {
    best.fill(Number.POSITIVE_INFINITY);
    for (let other = 0; other < reference.rows; other++) {
      if (own && other === row) continue;
      const distance = squaredDistance(current, row, reference, other, best[neighbours - 1]!);
      if (distance >= best[neighbours - 1]!) continue;
      let place = neighbours - 1;
      for (; place > 0 && best[place - 1]! > distance; place--) best[place] = best[place - 1]!;
      best[place] = distance;
    }
    return Math.sqrt(best[neighbours - 1]!);
  });
}
