/** TreeEnsembleRegressor and -Classifier of `ai.onnx.ml` version 1 to 3, walked for one row. */
import type { SlotArray, Step, StepCall, StepMaker } from "./slot.js";
import { integerOf, numbersOf, textOf, textsOf } from "./slot.js";

/** `feature` of a leaf is -1 and `yes` its number. */
interface Trees {
  readonly roots: Int32Array;
  readonly feature: Int32Array;
  readonly threshold: Float32Array;
  /** 0: value <= threshold; 1: value equals it; 2: value < it. Plus 4 where missing values are true. */
  readonly mode: Uint8Array;
  readonly yes: Int32Array;
  readonly no: Int32Array;
  /** Weights of leaf l: leafStart[l] .. leafStart[l + 1] - 1. */
  readonly leafStart: Int32Array;
  readonly target: Int32Array;
  readonly weight: Float32Array;
}

const MODES: Readonly<Record<string, number>> = { BRANCH_LEQ: 0, BRANCH_EQ: 1, BRANCH_LT: 2 };
const MISSING_TRUE = 4;

function readTrees(call: StepCall): Trees | undefined {
  const modes = textsOf(call, "nodes_modes") ?? [];
  const list = (name: string): number[] => numbersOf(call, name) ?? [];
  const [treeIds, nodeIds] = [list("nodes_treeids"), list("nodes_nodeids")];
  const [features, values] = [list("nodes_featureids"), list("nodes_values")];
  const [yesIds, noIds] = [list("nodes_truenodeids"), list("nodes_falsenodeids")];
  const missing = list("nodes_missing_value_tracks_true");
  const count = modes.length;
  if (values.length !== count) return undefined;
  const place = new Map<number, number>();
  const key = (tree: number, node: number) => tree * 2 ** 26 + node;
  const roots: number[] = [];
  for (let k = 0; k < count; k++) {
    place.set(key(treeIds[k]!, nodeIds[k]!), k);
    // The runtime takes the first node of each tree for its root.
    if (k === 0 || treeIds[k] !== treeIds[k - 1]) roots.push(k);
  }
  if (new Set(treeIds).size !== roots.length) return undefined;
  const [feature, mode] = [new Int32Array(count), new Uint8Array(count)];
  const [yes, no] = [new Int32Array(count), new Int32Array(count)];
  const leaves: number[] = [];
  for (let k = 0; k < count; k++) {
    if (modes[k] === "LEAF") {
      feature[k] = -1;
      yes[k] = leaves.push(k) - 1;
      continue;
    }
    const known = MODES[modes[k]!];
    if (known === undefined) return undefined;
    mode[k] = known | (missing[k] === 1 ? MISSING_TRUE : 0);
    feature[k] = features[k]!;
    yes[k] = place.get(key(treeIds[k]!, yesIds[k]!))!;
    no[k] = place.get(key(treeIds[k]!, noIds[k]!))!;
  }
  const leafOf = (tree: number, node: number) => yes[place.get(key(tree, node))!]!;
  const threshold = Float32Array.from(values);
  return {
    roots: Int32Array.from(roots),
    feature,
    threshold,
    mode,
    yes,
    no,
    ...readWeights(call, leaves.length, leafOf),
  };
}

function readWeights(
  call: StepCall,
  leaves: number,
  leafOf: (tree: number, node: number) => number,
): Pick<Trees, "leafStart" | "target" | "weight"> {
  const [trees, nodes] = [numbersOf(call, "target_treeids") ?? [], numbersOf(call, "target_nodeids") ?? []];
  const [ids, weights] = [numbersOf(call, "target_ids") ?? [], numbersOf(call, "target_weights") ?? []];
  const leafStart = new Int32Array(leaves + 1);
  const own = trees.map((tree, k) => leafOf(tree, nodes[k]!));
  for (const leaf of own) leafStart[leaf + 1]!++;
  for (let leaf = 0; leaf < leaves; leaf++) leafStart[leaf + 1]! += leafStart[leaf]!;
  const next = leafStart.slice();
  const [target, weight] = [new Int32Array(ids.length), new Float32Array(ids.length)];
  for (const [k, leaf] of own.entries()) {
    const at = next[leaf]!++;
    target[at] = ids[k]!;
    weight[at] = weights[k]!;
  }
  return { leafStart, target, weight };
}

/** Adds the weights of the leaves that the row reaches, in the order of the trees, in float32 as the runtime does. */
function addLeaves(trees: Trees, row: SlotArray, sums: Float32Array): void {
  const { roots, feature, threshold, mode, yes, no, leafStart, target, weight } = trees;
  for (let tree = 0; tree < roots.length; tree++) {
    let node = roots[tree]!;
    for (let at = feature[node]!; at >= 0; at = feature[node]!) {
      const value = row[at]!;
      const limit = threshold[node]!;
      const kind = mode[node]!;
      let isTrue: boolean;
      if (kind === 0) isTrue = value <= limit;
      else if (Number.isNaN(value)) isTrue = kind >= MISSING_TRUE;
      else {
        const test = kind & 3;
        isTrue = test === 0 ? value <= limit : test === 1 ? value === limit : value < limit;
      }
      node = isTrue ? yes[node]! : no[node]!;
    }
    const leaf = yes[node]!;
    for (let k = leafStart[leaf]!; k < leafStart[leaf + 1]!; k++) sums[target[k]!]! += weight[k]!;
  }
}

/**
 * Whether every row reaches a leaf with a weight for the target, because all leaves of some tree have one. Otherwise
 * the standard asks for the base value alone where the runtime answers 0, so that such ensembles are left to it.
 */
function isAlwaysReached(trees: Trees, target: number): boolean {
  const { roots, feature, yes, leafStart, target: targets } = trees;
  return roots.some((start, tree) => {
    for (let node = start; node < (roots[tree + 1] ?? feature.length); node++) {
      if (feature[node]! >= 0) continue;
      const leaf = yes[node]!;
      if (!targets.subarray(leafStart[leaf]!, leafStart[leaf + 1]!).includes(target)) return false;
    }
    return true;
  });
}

export const treeRegressor: StepMaker = (call) => {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  const aggregate = textOf(call, "aggregate_function", "SUM");
  if (input.type !== "float32" || input.shape[0] !== 1) return undefined;
  if (textOf(call, "post_transform", "NONE") !== "NONE" || !["SUM", "AVERAGE"].includes(aggregate))
    return undefined;
  const trees = readTrees(call);
  if (!trees) return undefined;
  const targets = integerOf(call, "n_targets", 1);
  const base = Float32Array.from({ length: targets }, (_, k) => numbersOf(call, "base_values")?.[k] ?? 0);
  if (base.some((value, target) => value !== 0 && !isAlwaysReached(trees, target))) return undefined;
  const divisor = aggregate === "AVERAGE" ? trees.roots.length : 1;
  const row = input.numbers;
  const sums = output.numbers as Float32Array;
  const step: Step = () => {
    sums.fill(0);
    addLeaves(trees, row, sums);
    for (let k = 0; k < targets; k++) sums[k] = Math.fround(sums[k]! / divisor) + base[k]!;
  };
  return step;
};
