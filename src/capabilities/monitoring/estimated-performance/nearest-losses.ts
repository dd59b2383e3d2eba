import type { Points } from "../statistics/mean-discrepancy.js";
import { overNearest } from "../statistics/nearest-points.js";

const NEIGHBOURS = 20;

/**
 * The loss to expect of each point: the mean loss of its nearest held-out points, a direct estimate (DLE) that needs
 * no second model. `own` leaves each point itself out, for judging the estimate on the reference.
 */
export function nearestLosses(
  reference: Points,
  losses: Float64Array,
  current: Points,
  own = false,
): Float64Array {
  return overNearest(
    reference,
    current,
    { neighbours: NEIGHBOURS, own },
    ({ rows }) => rows.reduce((sum, row) => sum + losses[row]!, 0) / rows.length,
  );
}
