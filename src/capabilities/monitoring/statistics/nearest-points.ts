import type { Points } from "./mean-discrepancy.js";
import { squaredDistance } from "./squared-distance.js";

/** The nearest reference points of one point, the nearest first. */
export interface NearestPoints {
  /** Squared, in the unit of the points. */
  readonly distances: Float64Array;
  readonly rows: Int32Array;
}

/**
 * One number for each current point, made of its nearest reference points; `own` leaves each point itself out, where
 * both are the same points. The arrays are used again for the next point. O(reference * current * width).
 */
export function overNearest(
  reference: Points,
  current: Points,
  { neighbours, own = false }: { readonly neighbours: number; readonly own?: boolean },
  summarise: (nearest: NearestPoints) => number,
): Float64Array {
  const count = Math.min(neighbours, reference.rows - (own ? 1 : 0));
  const distances = new Float64Array(count);
  const rows = new Int32Array(count);
  return Float64Array.from({ length: current.rows }, (_, row) => {
    distances.fill(Number.POSITIVE_INFINITY);
    for (let other = 0; other < reference.rows; other++) {
      if (own && other === row) continue;
      const distance = squaredDistance(current, row, reference, other, distances[count - 1]!);
      if (distance >= distances[count - 1]!) continue;
      let place = count - 1;
      for (; place > 0 && distances[place - 1]! > distance; place--) {
        distances[place] = distances[place - 1]!;
        rows[place] = rows[place - 1]!;
      }
      distances[place] = distance;
      rows[place] = other;
    }
    return summarise({ distances, rows });
  });
}
