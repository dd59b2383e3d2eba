// Plain TypeScript of the boosting kernels: the same algorithm in double precision, on one thread, without
// sampling. It is the definition that the WebAssembly kernels are tested against, not meant for use.
import type { BoostingRows, BoostingSettings } from "../boosting.js";
import { referenceBin, referenceThresholds } from "./binning.js";
import { referenceDerivatives } from "./gradients.js";
import {
  type BinSums,
  type Bounds,
  exceeds,
  leafValue,
  type ReferenceSplit,
  referenceSplit,
  sumOf,
} from "./split.js";

export interface ReferenceResult {
  /** Training scores after the last iteration, [outputs][rows]. */
  readonly scores: readonly Float64Array[];
  /** Gains of the splits of every tree in the order in which they were made. */
  readonly gains: readonly (readonly number[])[];
}

interface BinnedColumn {
  /** Of each row. */
  readonly bins: Int32Array;
  /** Value bins and the missing one. */
  readonly count: number;
  readonly categorical: boolean;
}

interface Leaf {
  rows: number[];
  bounds: Bounds;
  l2: number;
  depth: number;
  /** Grows when a split turned out to leave a child with too few rows. */
  strictness: number;
  split: ReferenceSplit | undefined;
}

export function referenceBoosting(train: BoostingRows, settings: BoostingSettings): ReferenceResult {
  const columns = binAll(train, settings.maxBins);
  const scores = settings.baseScores.map((base) => new Float64Array(train.rows).fill(base));
  const gains: number[][] = [];
  for (let iteration = 0; iteration < settings.iterations; iteration++) {
    const before = scores.map((output) => output.slice());
    for (let output = 0; output < scores.length; output++) {
      const derivatives = Array.from({ length: train.rows }, (_, row) => {
        const own = before.map((values) => values[row]!);
        const { objective, objectiveParameter } = settings;
        const { gradient, hessian } = referenceDerivatives(
          objective,
          objectiveParameter,
          own,
          train.labels[row]!,
          output,
        );
        const weight = train.weights?.[row] ?? 1;
        return { gradient: gradient * weight, hessian: hessian * weight, rows: 1 };
      });
      const tree = growTree(columns, derivatives, settings);
      gains.push(tree.gains);
      if (tree.leaves.length === 1) continue;
      for (const leaf of tree.leaves) addLeaf(leaf, derivatives, scores[output]!, train, settings);
    }
  }
  return { scores, gains };
}

function binAll(train: BoostingRows, maxBins: number): BinnedColumn[] {
  return train.columns.map(({ values, offset, stride, categories }) => {
    const column = Float32Array.from({ length: train.rows }, (_, row) => values[offset + row * stride]!);
    if (categories > 0) {
      const bins = Int32Array.from(column, (value) =>
        value >= 0 && value < categories ? value : categories,
      );
      return { bins, count: categories + 1, categorical: true };
    }
    const thresholds = referenceThresholds(column, maxBins);
    const bins = Int32Array.from(column, (value) => referenceBin(value, thresholds));
    return { bins, count: thresholds.length + 2, categorical: false };
  });
}

function growTree(
  columns: readonly BinnedColumn[],
  derivatives: readonly BinSums[],
  settings: BoostingSettings,
) {
  const open = { lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  const all = Array.from(derivatives.keys());
  const leaves: Leaf[] = [
    { rows: all, bounds: open, l2: settings.l2, depth: 0, strictness: 1, split: undefined },
  ];
  const gains: number[] = [];
  const search = (leaf: Leaf) => {
    leaf.split = bestSplit(leaf, columns, derivatives, settings);
  };
  search(leaves[0]!);
  while (leaves.length < settings.maxLeaves) {
    const gainOf = (leaf: Leaf) => leaf.split?.gain ?? 0;
    const leaf = leaves.reduce((best, other) => (exceeds(gainOf(other), gainOf(best)) ? other : best));
    if (!leaf.split) break;
    if (fewestRows(leaf, leaf.split, columns) < settings.minRowsPerLeaf) {
      leaf.strictness *= 1.5;
      search(leaf);
      continue;
    }
    gains.push(leaf.split.gain / 2);
    const right = divide(leaf, leaf.split, columns, derivatives, settings);
    leaves.push(right);
    search(leaf);
    search(right);
  }
  return { leaves, gains };
}

function fewestRows(leaf: Leaf, split: ReferenceSplit, columns: readonly BinnedColumn[]): number {
  const { bins } = columns[split.column]!;
  const left = leaf.rows.filter((row) => split.left.has(bins[row]!)).length;
  return Math.min(left, leaf.rows.length - left);
}

function bestSplit(
  leaf: Leaf,
  columns: readonly BinnedColumn[],
  derivatives: readonly BinSums[],
  settings: BoostingSettings,
): ReferenceSplit | undefined {
  if (settings.maxDepth > 0 && leaf.depth >= settings.maxDepth) return undefined;
  if (leaf.rows.length < 2 * settings.minRowsPerLeaf) return undefined;
  let best: ReferenceSplit | undefined;
  for (const [column, { bins, count, categorical }] of columns.entries()) {
    const histogram = Array.from({ length: count }, () => ({ gradient: 0, hessian: 0, rows: 0 }));
    for (const row of leaf.rows) addTo(histogram[bins[row]!]!, derivatives[row]!);
    const split = referenceSplit(column, histogram, categorical, leaf.bounds, settings, leaf.strictness);
    if (split && exceeds(split.gain, best?.gain)) best = split;
  }
  return best;
}

function addTo(sum: BinSums, { gradient, hessian, rows }: BinSums): void {
  sum.gradient += gradient;
  sum.hessian += hessian;
  sum.rows += rows;
}

/** The leaf keeps the left rows; returns the right leaf. */
function divide(
  leaf: Leaf,
  split: ReferenceSplit,
  columns: readonly BinnedColumn[],
  derivatives: readonly BinSums[],
  settings: BoostingSettings,
): Leaf {
  const { bins } = columns[split.column]!;
  const left = leaf.rows.filter((row) => split.left.has(bins[row]!));
  const right = leaf.rows.filter((row) => !split.left.has(bins[row]!));
  const sideValue = (rows: number[]) =>
    leafValue(sumOf(rows.map((row) => derivatives[row]!)), settings.l1, split.l2, leaf.bounds);
  const middle = (sideValue(left) + sideValue(right)) / 2;
  const direction = settings.monotone[split.column] ?? 0;
  const upTo = { ...leaf.bounds, upper: middle };
  const from = { ...leaf.bounds, lower: middle };
  const { bounds } = leaf;
  const depth = leaf.depth + 1;
  leaf.rows = left;
  leaf.bounds = direction === 0 ? bounds : direction > 0 ? upTo : from;
  leaf.l2 = split.l2;
  leaf.depth = depth;
  leaf.strictness = 1;
  const other = direction === 0 ? bounds : direction > 0 ? from : upTo;
  return { rows: right, bounds: other, l2: split.l2, depth, strictness: 1, split: undefined };
}

function addLeaf(
  leaf: Leaf,
  derivatives: readonly BinSums[],
  scores: Float64Array,
  train: BoostingRows,
  settings: BoostingSettings,
): void {
  const value =
    settings.renewLevel === undefined
      ? leafValue(sumOf(leaf.rows.map((row) => derivatives[row]!)), settings.l1, leaf.l2, leaf.bounds)
      : quantileOfResiduals(leaf.rows, scores, train, settings.renewLevel);
  for (const row of leaf.rows) scores[row] = scores[row]! + settings.learningRate * value;
}

function quantileOfResiduals(
  rows: number[],
  scores: Float64Array,
  train: BoostingRows,
  level: number,
): number {
  const residual = (row: number) => train.labels[row]! - scores[row]!;
  const weight = (row: number) => train.weights?.[row] ?? 1;
  const order = rows.slice().sort((a, b) => residual(a) - residual(b));
  const total = rows.reduce((sum, row) => sum + weight(row), 0);
  let sum = 0;
  for (const row of order) {
    sum += weight(row);
    if (sum >= level * total * (1 - 1e-9)) return residual(row);
  }
  return residual(order.at(-1)!);
}
