import type { BinnedLinearLeaves, BinnedTrees } from "../../../engines/kernels/boosting.js";
import { MOST_TERMS } from "../../../engines/kernels/linear-values.js";
import { codeSet } from "../tree-ensemble/code-set.js";
import type { LinearLeaves } from "../tree-ensemble/linear-leaves.js";
import { CATEGORICAL, type TreeEnsemble } from "../tree-ensemble/tree-ensemble.js";

export interface ConversionOptions {
  readonly outputs: number;
  /** Number of categories by feature, 0 for numeric ones. */
  readonly categories: Int32Array;
  /** Leaf values are multiplied by this. */
  readonly scale: number;
  readonly base: Float64Array;
}

/** Keeps the trees up to the best iteration; bins become thresholds and sets of category codes. */
export function toTreeEnsemble(trees: BinnedTrees, options: ConversionOptions): TreeEnsemble {
  const { outputs, categories, scale, base } = options;
  const count = trees.bestIteration * outputs;
  const leaves = trees.treeLeaves.subarray(0, count).reduce((sum, n) => sum + n, 0);
  const ensemble = allocate(count, leaves, options);
  const sets: number[] = [];
  let node = 0;
  let leaf = 0;
  for (let tree = 0; tree < count; tree++) {
    const treeLeaves = trees.treeLeaves[tree]!;
    ensemble.roots[tree] = treeLeaves > 1 ? node : ~leaf;
    ensemble.treeOutputs[tree] = tree % outputs;
    const child = (c: number) => (c >= 0 ? node + c : ~(leaf + ~c));
    const from = tree * trees.nodesPerTree;
    for (let k = 0; k < treeLeaves - 1; k++) {
      ensemble.nodeLeft[node + k] = child(trees.nodeLeft[from + k]!);
      ensemble.nodeRight[node + k] = child(trees.nodeRight[from + k]!);
      convertSplit(trees, from + k, ensemble, node + k, sets);
    }
    for (let k = 0; k < treeLeaves; k++) {
      const at = tree * (trees.nodesPerTree + 1) + k;
      ensemble.leafValues[leaf + k] = trees.leafValue[at]! * scale;
      ensemble.leafRows[leaf + k] = trees.leafRows[at]!;
    }
    node += treeLeaves - 1;
    leaf += treeLeaves;
  }
  const linear = trees.linear && toLinearLeaves(trees, trees.linear, count, scale);
  return {
    ...ensemble,
    aggregate: "sum",
    features: categories.length,
    outputs,
    categories,
    base,
    sets: Uint32Array.from(sets),
    ...(linear && linear.coefficient.length > 0 ? { linear } : {}),
  };
}

/** The models of the first `count` trees' leaves; variables are the features that occur. */
function toLinearLeaves(
  trees: BinnedTrees,
  { terms, coefficients, standardization }: BinnedLinearLeaves,
  count: number,
  scale: number,
): LinearLeaves {
  const feature: number[] = [];
  const variableOf = new Map<number, number>();
  const start = [0];
  const variable: number[] = [];
  const coefficient: number[] = [];
  for (let tree = 0; tree < count; tree++) {
    for (let leaf = 0; leaf < trees.treeLeaves[tree]!; leaf++) {
      const first = (tree * (trees.nodesPerTree + 1) + leaf) * MOST_TERMS;
      for (let at = first; at < first + MOST_TERMS && terms[at]! >= 0; at++) {
        if (!variableOf.has(terms[at]!)) variableOf.set(terms[at]!, feature.push(terms[at]!) - 1);
        variable.push(variableOf.get(terms[at]!)!);
        coefficient.push(coefficients[at]! * scale);
      }
      start.push(coefficient.length);
    }
  }
  const chosen = (values: Float32Array) => Float32Array.from(feature, (column) => values[column]!);
  return {
    feature: Int32Array.from(feature),
    standardization: {
      mean: chosen(standardization.mean),
      inverseScale: chosen(standardization.inverseScale),
      low: chosen(standardization.low),
      high: chosen(standardization.high),
    },
    start: Int32Array.from(start),
    variable: Int32Array.from(variable),
    coefficient: Float32Array.from(coefficient),
  };
}

function allocate(trees: number, leaves: number, { categories }: ConversionOptions) {
  const nodes = leaves - trees;
  return {
    features: categories.length,
    roots: new Int32Array(trees),
    treeOutputs: new Int32Array(trees),
    nodeFeature: new Int32Array(nodes),
    nodeThreshold: new Float32Array(nodes),
    nodeFlags: new Uint8Array(nodes),
    nodeLeft: new Int32Array(nodes),
    nodeRight: new Int32Array(nodes),
    nodeGain: new Float32Array(nodes),
    nodeSet: new Int32Array(nodes),
    leafValues: new Float32Array(leaves),
    leafRows: new Int32Array(leaves),
  };
}

function convertSplit(
  trees: BinnedTrees,
  from: number,
  ensemble: ReturnType<typeof allocate>,
  to: number,
  sets: number[],
): void {
  const feature = trees.nodeColumn[from]!;
  const flags = trees.nodeFlags[from]!;
  const bins = trees.bins[feature]!;
  ensemble.nodeFeature[to] = feature;
  ensemble.nodeFlags[to] = flags;
  ensemble.nodeGain[to] = trees.nodeGain[from]!;
  if ((flags & CATEGORICAL) === 0) {
    ensemble.nodeSet[to] = -1;
    ensemble.nodeThreshold[to] = bins.thresholds[trees.nodeBin[from]!]!;
    return;
  }
  ensemble.nodeSet[to] = sets.length;
  sets.push(...codeSet(trees.nodeSets.subarray(from * 8, from * 8 + 8), flags, bins));
}
