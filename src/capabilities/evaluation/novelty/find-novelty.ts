import { adjustFalseDiscovery } from "../../../foundation/base/multiplicity.js";
import type { Random } from "../../../foundation/base/random.js";
import { type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import type { Novelty } from "../../../foundation/contracts/trust.js";
import { cellText } from "../row-text.js";
import { fitMixedSpace, type MixedSpace } from "./mixed-space.js";

/** Learning rows that distances are measured to, and as many others that say which distances are usual. */
const SAMPLE_ROWS = { least: 250, most: 2000 };
/** Of single columns: a few seconds. Wide or long tables are compared with fewer learning rows. */
const MOST_COMPARISONS = 5e8;
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
 * Undefined for fewer than 100 learning rows or no comparable column. O(rows * sample * columns).
 */
export function findNovelty(search: NoveltySearch): Novelty | undefined {
  const { learning, rows, random } = search;
  const order = random.fork("novelty").permutation(learning.rows);
  const half = Math.floor(order.length / 2);
  const count = Math.min(half, sampleRows(rows.rows, learning.columns.size));
  const reference = takeRows(learning, order.subarray(0, count));
  const calibration = takeRows(learning, order.subarray(half, half + count));
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

/** How many learning rows are compared with so many rows and with as many of their own. */
function sampleRows(rows: number, columns: number): number {
  const { least, most } = SAMPLE_ROWS;
  const affordable = MOST_COMPARISONS / (Math.max(1, columns) * (rows + most));
  return Math.round(Math.max(least, Math.min(most, affordable)));
}

/** Mean distance to the nearest reference rows. */
function nearestDistances(
  space: MixedSpace,
  reference: readonly Float32Array[],
  asked: readonly Float32Array[],
): Float64Array {
  const squares = new Float64Array(reference[0]!.length);
  return Float64Array.from({ length: asked[0]?.length ?? 0 }, (_, row) => {
    const nearest = nearestRows(space, reference, asked, row, squares);
    return nearest.reduce((sum, { square }) => sum + Math.sqrt(square), 0) / nearest.length;
  });
}

/** @param squares room for a distance to each reference row */
function nearestRows(
  space: MixedSpace,
  reference: readonly Float32Array[],
  asked: readonly Float32Array[],
  row: number,
  squares: Float64Array,
): { row: number; square: number }[] {
  squares.fill(0);
  for (const [axis, places] of reference.entries()) space.addApart(axis, asked[axis]![row]!, places, squares);
  const nearest: { row: number; square: number }[] = [];
  let limit = Number.POSITIVE_INFINITY;
  for (let other = 0; other < squares.length; other++) {
    const square = squares[other]!;
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
  const nearest = nearestRows(space, reference, asked, row, new Float64Array(reference[0]!.length));
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
