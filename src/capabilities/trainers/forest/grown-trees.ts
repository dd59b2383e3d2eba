import { type GrownForest, type GrownTree, NODE_WORDS } from "../../../engines/kernels/forest.js";
import { codeSet } from "../tree-ensemble/code-set.js";
import { CATEGORICAL, type TreeEnsemble } from "../tree-ensemble/tree-ensemble.js";

export interface ForestConversion {
  /** Number of categories by feature, 0 for numeric ones. */
  readonly categories: Int32Array;
  /** Leaf values are multiplied by this, then the base is added. */
  readonly scale: number;
  readonly base: number;
}

/** Puts the trees one after another; bins become thresholds and sets of category codes. */
export function toForestEnsemble(
  forest: GrownForest,
  { categories, scale, base }: ForestConversion,
): TreeEnsemble {
  const outputs = forest.leafValues;
  const leafWords = 1 + outputs;
  const nodes = forest.trees.reduce((sum, tree) => sum + tree.nodes.length / NODE_WORDS, 0);
  const leaves = forest.trees.reduce((sum, tree) => sum + tree.leaves.length / leafWords, 0);
  const ensemble = {
    aggregate: "average" as const,
    features: categories.length,
    outputs,
    roots: new Int32Array(forest.trees.length),
    nodeFeature: new Int32Array(nodes),
    nodeThreshold: new Float32Array(nodes),
    nodeFlags: new Uint8Array(nodes),
    nodeLeft: new Int32Array(nodes),
    nodeRight: new Int32Array(nodes),
    nodeGain: new Float32Array(nodes),
    nodeSet: new Int32Array(nodes).fill(-1),
    categories,
    leafValues: new Float32Array(leaves * outputs),
    leafRows: new Int32Array(leaves),
    base: new Float64Array(outputs).fill(base),
  };
  const sets: number[] = [];
  let node = 0;
  let leaf = 0;
  for (const [k, tree] of forest.trees.entries()) {
    const treeNodes = tree.nodes.length / NODE_WORDS;
    ensemble.roots[k] = treeNodes > 0 ? node : ~leaf;
    copyNodes(tree, forest, ensemble, node, leaf, sets);
    leaf = copyLeaves(tree, ensemble, leaf, scale);
    node += treeNodes;
  }
  return { ...ensemble, sets: Uint32Array.from(sets) };
}

type Columns = Omit<TreeEnsemble, "sets">;

/** The words of a node are: gain (2), column, bin or set, flags, left, right, rows. */
function copyNodes(
  tree: GrownTree,
  { bins }: GrownForest,
  to: Columns,
  node: number,
  leaf: number,
  sets: number[],
) {
  const gains = new Float64Array(tree.nodes.buffer);
  const child = (c: number) => (c >= 0 ? node + c : ~(leaf + ~c));
  for (let k = 0; k < tree.nodes.length / NODE_WORDS; k++) {
    const words = tree.nodes.subarray(k * NODE_WORDS + 2, k * NODE_WORDS + 7);
    const [column = 0, bin = 0, flags = 0, left = 0, right = 0] = words;
    to.nodeGain[node + k] = gains[(k * NODE_WORDS) / 2]!;
    to.nodeFeature[node + k] = column;
    to.nodeFlags[node + k] = flags;
    to.nodeLeft[node + k] = child(left);
    to.nodeRight[node + k] = child(right);
    if ((flags & CATEGORICAL) === 0) {
      to.nodeThreshold[node + k] = bins[column]!.thresholds[bin]!;
    } else {
      to.nodeSet[node + k] = sets.length;
      sets.push(...codeSet(tree.sets.subarray(bin * 8, bin * 8 + 8), flags, bins[column]!));
    }
  }
}

/** Returns the number of the next leaf. */
function copyLeaves(tree: GrownTree, to: Columns, first: number, scale: number): number {
  const words = 1 + to.outputs;
  const values = new Float32Array(tree.leaves.buffer);
  const count = tree.leaves.length / words;
  for (let k = 0; k < count; k++) {
    to.leafRows[first + k] = tree.leaves[k * words]!;
    for (let output = 0; output < to.outputs; output++) {
      to.leafValues[(first + k) * to.outputs + output] = values[k * words + 1 + output]! * scale;
    }
  }
  return first + count;
}
