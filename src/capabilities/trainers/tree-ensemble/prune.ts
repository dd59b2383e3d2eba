/** Smaller ensembles: without loss where splits decide nothing, then as little loss as a budget of bytes asks for. */
import { ensembleBytes } from "./emit.js";
import type { TreeEnsemble } from "./tree-ensemble.js";

/** Distinct leaf values that a range is rounded to; a mean of T trees errs by about range / (900 sqrt T). */
const LEAF_LEVELS = 256;

/**
 * An ensemble whose `ensembleBytes` are at most `maxBytes`, or as few as its kind allows. Splits whose sides are equal
 * go first, which changes nothing. A forest is then rounded to 256 leaf values, so that leaves are shared, and at last
 * thinned evenly, one tree at least: what remains is averaged as before. Boosted trees correct one another, so none of
 * them can go.
 */
export function pruneEnsemble(ensemble: TreeEnsemble, maxBytes: number): TreeEnsemble {
  const merged = mergeEqualSides(ensemble);
  if (ensemble.aggregate === "sum" || ensembleBytes(merged) <= maxBytes) return merged;
  const rounded = mergeEqualSides(roundLeaves(merged));
  const bytes = ensembleBytes(rounded);
  const all = rounded.roots.length;
  let kept = Math.min(all, Math.floor((all * maxBytes) / bytes));
  let thinned = rounded;
  while (kept < all) {
    thinned = takeTrees(rounded, spread(all, Math.max(1, kept)));
    if (kept <= 1 || ensembleBytes(thinned) <= maxBytes) return thinned;
    kept -= Math.ceil(kept / 50);
  }
  return thinned;
}

/** `count` of 0..all-1, evenly: the trees of every averaged model keep their part. */
function spread(all: number, count: number): Int32Array {
  return Int32Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * all) / count));
}

/** Values rounded to levels; where a leaf has several, its greatest takes up what the others lost: shares sum to 1. */
function roundLeaves(ensemble: TreeEnsemble): TreeEnsemble {
  const { leafValues } = ensemble;
  const width = ensemble.treeOutputs ? 1 : ensemble.outputs;
  const low = leafValues.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY);
  const high = leafValues.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY);
  const step = (high - low) / (LEAF_LEVELS - 1);
  if (!(step > 0)) return ensemble;
  const rounded = leafValues.map((value) => low + Math.round((value - low) / step) * step);
  for (let start = 0; width > 1 && start < rounded.length; start += width) {
    let greatest = start;
    let lost = 0;
    for (let at = start; at < start + width; at++) {
      lost += leafValues[at]! - rounded[at]!;
      if (rounded[at]! > rounded[greatest]!) greatest = at;
    }
    rounded[greatest]! += lost;
  }
  return { ...ensemble, leafValues: rounded };
}

/** Without the splits whose two sides end in equal leaves; every row keeps its score. */
export function mergeEqualSides(ensemble: TreeEnsemble): TreeEnsemble {
  if (ensemble.linear) return ensemble;
  const { nodeLeft, nodeRight, roots } = ensemble;
  const leafRows = ensemble.leafRows.slice();
  const becomes = Int32Array.from(nodeLeft.keys());
  const after = (child: number) => (child >= 0 ? becomes[child]! : child);
  // Parents come before their children in this order: backwards, children are settled first.
  for (const node of descendants(ensemble, roots).reverse()) {
    const left = after(nodeLeft[node]!);
    const right = after(nodeRight[node]!);
    if (left >= 0 || right >= 0 || !equalLeaves(ensemble, ~left, ~right)) continue;
    becomes[node] = left;
    leafRows[~left]! += leafRows[~right]!;
  }
  if (becomes.every((node, k) => node === k)) return ensemble;
  const joined = {
    ...ensemble,
    leafRows,
    roots: roots.map(after),
    nodeLeft: nodeLeft.map(after),
    nodeRight: nodeRight.map(after),
  };
  return takeTrees(
    joined,
    roots.map((_, tree) => tree),
  );
}

function equalLeaves(
  { leafValues, treeOutputs, outputs }: TreeEnsemble,
  one: number,
  other: number,
): boolean {
  const width = treeOutputs ? 1 : outputs;
  for (let k = 0; k < width; k++) {
    if (leafValues[one * width + k] !== leafValues[other * width + k]) return false;
  }
  return true;
}

/** Nodes below the roots, parents before children. */
function descendants({ nodeLeft, nodeRight }: TreeEnsemble, roots: Iterable<number>): number[] {
  const order: number[] = [];
  const stack: number[] = [];
  for (const root of roots) {
    stack.push(root);
    while (stack.length > 0) {
      const node = stack.pop()!;
      if (node < 0) continue;
      order.push(node);
      stack.push(nodeRight[node]!, nodeLeft[node]!);
    }
  }
  return order;
}

/** The given trees, and of their arrays what they reach. Not for linear leaves. */
function takeTrees(ensemble: TreeEnsemble, trees: Int32Array): TreeEnsemble {
  const { nodeLeft, nodeRight, leafValues, leafRows, treeOutputs, outputs } = ensemble;
  const roots = trees.map((tree) => ensemble.roots[tree]!);
  const nodes = Int32Array.from(descendants(ensemble, roots));
  const nodePlace = new Int32Array(nodeLeft.length);
  for (const [place, node] of nodes.entries()) nodePlace[node] = place;
  const leaves: number[] = [];
  const place = (child: number) => (child >= 0 ? nodePlace[child]! : ~(leaves.push(~child) - 1));
  const placedRoots = roots.map(place);
  const left = nodes.map((node) => place(nodeLeft[node]!));
  const right = nodes.map((node) => place(nodeRight[node]!));
  const width = treeOutputs ? 1 : outputs;
  return {
    ...ensemble,
    roots: placedRoots,
    ...(treeOutputs ? { treeOutputs: trees.map((tree) => treeOutputs[tree]!) } : {}),
    nodeFeature: nodes.map((node) => ensemble.nodeFeature[node]!),
    nodeThreshold: Float32Array.from(nodes, (node) => ensemble.nodeThreshold[node]!),
    nodeFlags: Uint8Array.from(nodes, (node) => ensemble.nodeFlags[node]!),
    nodeLeft: left,
    nodeRight: right,
    nodeGain: Float32Array.from(nodes, (node) => ensemble.nodeGain[node]!),
    nodeSet: nodes.map((node) => ensemble.nodeSet[node]!),
    leafValues: Float32Array.from(
      { length: leaves.length * width },
      (_, at) => leafValues[leaves[Math.floor(at / width)]! * width + (at % width)]!,
    ),
    leafRows: Int32Array.from(leaves, (leaf) => leafRows[leaf]!),
  };
}
