import type { Points } from "../statistics/mean-discrepancy.js";
import { overNearest } from "../statistics/nearest-points.js";

/** The third, so that one odd reference row makes nothing usual. */
const NEIGHBOURS = 3;

/**
 * Distance of each current point to its third nearest reference point, in the unit of the points; `own` leaves each
 * point itself out.
 */
export function nearestDistances(reference: Points, current: Points, own = false): Float64Array {
  return overNearest(reference, current, { neighbours: NEIGHBOURS, own }, ({ distances }) =>
    Math.sqrt(distances[distances.length - 1]!),
  );
}
