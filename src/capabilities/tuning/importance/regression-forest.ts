/**
 * A small random forest of regression trees in the unit cube, kept as boxes: every leaf knows the part of the space it
 * covers. Bagged, fully grown, all columns tried at each split (Breiman, 2001, as Hutter et al. use it).
 */
import type { Random } from "../../../foundation/base/random.js";

/** A leaf: its mean and its box, [low, high] of each column. */
export interface Leaf {
  readonly value: number;
  readonly low: Float64Array;
  readonly high: Float64Array;
}
export interface Tree {
  readonly leaves: readonly Leaf[];
  predict(point: Float64Array): number;
}

interface Node {
  readonly column: number;
  readonly threshold: number;
  readonly left: Node | Leaf;
  readonly right: Node | Leaf;
}

/** Rows a node needs to be split. */
const LEAST_ROWS = 2;

export function growForest(
  points: readonly Float64Array[],
  values: Float64Array,
  trees: number,
  random: Random,
): Tree[] {
  return Array.from({ length: trees }, (_, tree) => {
    const stream = random.fork(`tree ${tree}`);
    const rows = Int32Array.from(points, () => stream.integer(points.length));
    return growTree(points, values, rows, stream);
  });
}

function growTree(
  points: readonly Float64Array[],
  values: Float64Array,
  sample: Int32Array,
  random: Random,
): Tree {
  const width = points[0]!.length;
  const leaves: Leaf[] = [];
  const root = grow(sample, new Float64Array(width), new Float64Array(width).fill(1));

  function grow(rows: Int32Array, low: Float64Array, high: Float64Array): Node | Leaf {
    const split = rows.length >= LEAST_ROWS ? bestSplit(points, values, rows, random) : undefined;
    if (!split) {
      const leaf = { value: rows.reduce((sum, row) => sum + values[row]!, 0) / rows.length, low, high };
      leaves.push(leaf);
      return leaf;
    }
    const { column, threshold } = split;
    const below = high.with(column, threshold);
    const above = low.with(column, threshold);
    return {
      column,
      threshold,
      left: grow(
        rows.filter((row) => points[row]![column]! <= threshold),
        low,
        below,
      ),
      right: grow(
        rows.filter((row) => points[row]![column]! > threshold),
        above,
        high,
      ),
    };
  }

  function predict(point: Float64Array): number {
    let node = root;
    while ("column" in node) node = point[node.column]! <= node.threshold ? node.left : node.right;
    return node.value;
  }
  return { leaves, predict };
}

/** The split that reduces the squared error most; ties fall to a random column. Undefined where none reduces it. */
function bestSplit(
  points: readonly Float64Array[],
  values: Float64Array,
  rows: Int32Array,
  random: Random,
): { column: number; threshold: number } | undefined {
  const total = rows.reduce((sum, row) => sum + values[row]!, 0);
  const base = (total * total) / rows.length;
  const spread = rows.reduce((sum, row) => sum + values[row]! ** 2, 0) - base;
  let best: { column: number; threshold: number } | undefined;
  let bestGain = 1e-12 * Math.abs(spread);
  if (!(spread > 1e-14 * Math.abs(base))) return undefined;
  for (const column of random.permutation(points[0]!.length)) {
    const order = rows.toSorted((a, b) => points[a]![column]! - points[b]![column]!);
    let sum = 0;
    for (let k = 0; k + 1 < order.length; k++) {
      sum += values[order[k]!]!;
      const here = points[order[k]!]![column]!;
      const next = points[order[k + 1]!]![column]!;
      if (here === next) continue;
      const gain = (sum * sum) / (k + 1) + (total - sum) ** 2 / (order.length - k - 1) - base;
      if (gain <= bestGain) continue;
      bestGain = gain;
      best = { column, threshold: (here + next) / 2 };
    }
  }
  return best;
}
