import { adjustFalseDiscovery } from "../../../foundation/base/multiplicity.js";
import type { Random } from "../../../foundation/base/random.js";
import { type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import type { Novelty } from "../../../foundation/contracts/trust.js";
import { cellText } from "../row-text.js";
import { fitMixedSpace, type MixedSpace } from "./mixed-space.js";

/** Learning rows that distances are measured to, and others that say which distances are usual. */
const REFERENCE_ROWS = 2000;
const CALIBRATION_ROWS = 2000;
const LEAST_ROWS = 50;
/** The mean of this many nearest rows is steadier than the nearest alone. */
const NEIGHBOURS = 5;
const FALSE_DISCOVERY_RATE = 0.1;
const MOST_COLUMNS = 4;

export interface NoveltySearch {
  /** Raw feature columns of the rows learnt from. */
  readonly learning: Frame;
  /** The same columns of the rows asked about. */
  readonly rows: Frame;
  readonly rowNumbers?: ArrayLike<number> | undefined;
  readonly random: Random;
  /** Rows kept in the answer. */
  readonly most: number;
}

/**
 * How strange each row is: its mean distance to the nearest of a sample of learning rows, compared with the same of
 * other learning rows. The share of those that are at least as strange is a valid p value when nothing has changed
 * (Bates, Candès, Lei, Romano, Sesia 2023); Benjamini and Hochberg's procedure then bounds the share of false alarms.
 * Undefined for fewer than 100 learning rows or no comparable column. O(rows * 2000 * columns), at worst.
 */
export function findNovelty(search: NoveltySearch): Novelty | undefined {
  const { learning, rows, random } = search;
  const order = random.fork("novelty").permutation(learning.rows);
  const half = Math.floor(order.length / 2);
  const reference = takeRows(learning, order.subarray(0, Math.min(REFERENCE_ROWS, half)));
  const calibration = takeRows(
    learning,
    order.subarray(half, half + Math.min(CALIBRATION_ROWS, order.length - half)),
  );
  const space = fitMixedSpace(reference);
  if (half < LEAST_ROWS || space.names.length === 0 || rows.rows === 0) return undefined;
  const places = space.place(reference);
  const usual = nearestDistances(space, places, space.place(calibration)).sort();
  const asked = space.place(rows);
  const distances = nearestDistances(space, places, asked);
  const pValues = distances.map(
    (distance) => (1 + usual.length - below(usual, distance)) / (usual.length + 1),
  );
  const adjusted = adjustFalseDiscovery(Array.from(pValues));
  const ranked = Array.from(distances.keys()).sort((a, b) => distances[b]! - distances[a]! || a - b);
  const median = usual[usual.length >> 1]! || 1;
  return {
    rows: rows.rows,
    calibrationRows: usual.length,
    falseDiscoveryRate: FALSE_DISCOVERY_RATE,
    found: adjusted.filter((value) => value <= FALSE_DISCOVERY_RATE).length,
    shareAtFivePercent: pValues.filter((value) => value <= 0.05).length / rows.rows,
    strangest: ranked.slice(0, search.most).map((row) => ({
      row: search.rowNumbers?.[row] ?? row,
      distance: distances[row]! / median,
      pValue: pValues[row]!,
      values: tellingValues(space, places, asked, rows, row),
    })),
  };
}

/** Mean distance to the nearest reference rows. A row that is too far already is left before its last axis. */
function nearestDistances(
  space: MixedSpace,
  reference: readonly Float32Array[],
  asked: readonly Float32Array[],
): Float64Array {
  const rows = asked[0]?.length ?? 0;
  return Float64Array.from({ length: rows }, (_, row) => {
    const nearest = nearestRows(space, reference, asked, row);
    return nearest.reduce((sum, { square }) => sum + Math.sqrt(square), 0) / nearest.length;
  });
}

function nearestRows(
  space: MixedSpace,
  reference: readonly Float32Array[],
  asked: readonly Float32Array[],
  row: number,
): { row: number; square: number }[] {
  const count = reference[0]!.length;
  const nearest: { row: number; square: number }[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let other = 0; other < count; other++) {
    let square = 0;
    for (let axis = 0; axis < reference.length && square < limit; axis++)
      square += space.apart(axis, asked[axis]![row]!, reference[axis]![other]!);
    if (square >= limit) continue;
    const at = nearest.findIndex((one) => square < one.square);
    nearest.splice(at < 0 ? nearest.length : at, 0, { row: other, square });
    if (nearest.length > NEIGHBOURS) nearest.pop();
    if (nearest.length === NEIGHBOURS) limit = nearest.at(-1)!.square;
  }
  return nearest;
}

/** The columns in which the row is farthest from its neighbours. */
function tellingValues(
  space: MixedSpace,
  reference: readonly Float32Array[],
  asked: readonly Float32Array[],
  frame: Frame,
  row: number,
): [string, string][] {
  const nearest = nearestRows(space, reference, asked, row);
  const parts = space.names.map((name, axis) => ({
    name,
    part: nearest.reduce(
      (sum, one) => sum + space.apart(axis, asked[axis]![row]!, reference[axis]![one.row]!),
      0,
    ),
  }));
  return parts
    .filter(({ part }) => part > 0)
    .sort((a, b) => b.part - a.part)
    .slice(0, MOST_COLUMNS)
    .map(({ name }) => [name, cellText(frame.columns.get(name)!, row)]);
}

/** How many of the sorted values are less. */
function below(sorted: Float64Array, limit: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}
