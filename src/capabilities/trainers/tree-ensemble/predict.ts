import { featureViews } from "../../../foundation/contracts/feature-matrix.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import { CATEGORICAL, MISSING_LEFT, setHolds, type TreeEnsemble } from "./tree-ensemble.js";

/** Rows are scored in blocks of this size, tree by tree, so that block and tree stay in the cache. */
const BLOCK_ROWS = 256;
const FEATURE_MASK = 0x0fffffff;
const FLAG_SHIFT = 28;

/**
 * The sums or averages of leaf values, and the base: float64 [rows][outputs], row-major.
 * The frame's features must be those of the training, in their order.
 */
export function predictScores(ensemble: TreeEnsemble, features: Frame): Float64Array {
  const { outputs, base } = ensemble;
  const views = featureViews(features);
  const scores = new Float64Array(features.rows * outputs);
  const packed = packNodes(ensemble);
  const width = Math.max(views.length, 1);
  const block = new Float32Array(BLOCK_ROWS * width);
  for (let start = 0; start < features.rows; start += BLOCK_ROWS) {
    const count = Math.min(BLOCK_ROWS, features.rows - start);
    for (const [k, { values, offset, stride }] of views.entries()) {
      let from = offset + start * stride;
      for (let to = k, end = k + count * width; to < end; to += width, from += stride)
        block[to] = values[from]!;
    }
    scoreBlock(
      ensemble,
      packed,
      block,
      width,
      scores.subarray(start * outputs, (start + count) * outputs),
      count,
    );
  }
  const share = ensemble.aggregate === "average" ? 1 / Math.max(ensemble.roots.length, 1) : 1;
  for (let at = 0; at < scores.length; at++) scores[at] = scores[at]! * share + base[at % outputs]!;
  return scores;
}

/** Four words a node: feature and flags, threshold bits, left, right; one cache line holds four nodes. */
function packNodes(ensemble: TreeEnsemble): Int32Array {
  const count = ensemble.nodeFeature.length;
  const words = new Int32Array(count * 4);
  const floats = new Float32Array(words.buffer);
  for (let node = 0; node < count; node++) {
    words[node * 4] = ensemble.nodeFeature[node]! | (ensemble.nodeFlags[node]! << FLAG_SHIFT);
    if (ensemble.nodeSet[node]! >= 0) words[node * 4 + 1] = ensemble.nodeSet[node]!;
    else floats[node * 4 + 1] = ensemble.nodeThreshold[node]!;
    words[node * 4 + 2] = ensemble.nodeLeft[node]!;
    words[node * 4 + 3] = ensemble.nodeRight[node]!;
  }
  return words;
}

function scoreBlock(
  ensemble: TreeEnsemble,
  packed: Int32Array,
  block: Float32Array,
  width: number,
  scores: Float64Array,
  count: number,
): void {
  const { roots, treeOutputs, leafValues, outputs, sets, categories } = ensemble;
  const thresholds = new Float32Array(packed.buffer);
  for (let tree = 0; tree < roots.length; tree++) {
    const root = roots[tree]!;
    const output = treeOutputs ? treeOutputs[tree]! : 0;
    for (let row = 0; row < count; row++) {
      const line = row * width;
      let node = root;
      while (node >= 0) {
        const at = node << 2;
        const word = packed[at]!;
        const feature = word & FEATURE_MASK;
        const x = block[line + feature]!;
        const flags = word >> FLAG_SHIFT;
        let left: boolean;
        if (flags === 0) left = x <= thresholds[at + 1]!;
        else if (flags === MISSING_LEFT) left = !(x > thresholds[at + 1]!);
        else left = goesLeft(flags, x, packed[at + 1]!, sets, categories[feature]!);
        node = packed[at + (left ? 2 : 3)]!;
      }
      addLeaf(leafValues, ~node, scores, row * outputs, output, treeOutputs ? 1 : outputs);
    }
  }
}

function goesLeft(flags: number, x: number, set: number, sets: Uint32Array, categories: number): boolean {
  if (Number.isNaN(x)) return (flags & MISSING_LEFT) !== 0;
  return (flags & CATEGORICAL) !== 0 && setHolds(sets, set, categories, x);
}

function addLeaf(
  leafValues: Float32Array,
  leaf: number,
  scores: Float64Array,
  at: number,
  output: number,
  width: number,
): void {
  if (width === 1) {
    scores[at + output] = scores[at + output]! + leafValues[leaf]!;
    return;
  }
  const from = leaf * width;
  for (let k = 0; k < width; k++) scores[at + k] = scores[at + k]! + leafValues[from + k]!;
}
