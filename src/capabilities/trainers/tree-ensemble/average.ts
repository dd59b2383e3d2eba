import { meanArray } from "../numeric/average-shares.js";
import { joinLinearLeaves } from "./linear-leaves.js";
import type { TreeEnsemble } from "./tree-ensemble.js";

/**
 * One ensemble with the trees of all: its score is the mean of theirs by `shares` (summing to 1). Leaf values are
 * scaled, bases averaged; ensembles without a share are left out. Equal forests of equal size keep their leaf values
 * bit for bit; otherwise a leaf value is rounded to float32 once more (6e-8 relative).
 */
export function averageEnsembles(ensembles: readonly TreeEnsemble[], shares: Float64Array): TreeEnsemble {
  const first = ensembles[0]!;
  const parts = ensembles.flatMap((ensemble, k) => (shares[k]! > 0 ? [{ ensemble, share: shares[k]! }] : []));
  const trees = parts.reduce((sum, { ensemble }) => sum + ensemble.roots.length, 0);
  const starts = offsets(parts.map((part) => part.ensemble));
  const moved = parts.map(({ ensemble, share }, k) => {
    const scale = first.aggregate === "sum" ? share : (share * trees) / ensemble.roots.length;
    return relocated(ensemble, starts[k]!, scale, share);
  });
  const linear = joinLinearLeaves(
    parts.map(({ ensemble, share }) => ({
      ...(ensemble.linear ? { linear: ensemble.linear } : {}),
      leaves: ensemble.leafRows.length,
      scale: share,
    })),
  );
  const joined = <Name extends ArrayName>(name: Name) => joinArrays(moved.map((part) => part[name]));
  return {
    features: first.features,
    outputs: first.outputs,
    aggregate: first.aggregate,
    roots: joined("roots"),
    ...(linear ? { linear } : {}),
    ...(first.treeOutputs ? { treeOutputs: joinArrays(moved.map((part) => part.treeOutputs!)) } : {}),
    nodeFeature: joined("nodeFeature"),
    nodeThreshold: joined("nodeThreshold"),
    nodeFlags: joined("nodeFlags"),
    nodeLeft: joined("nodeLeft"),
    nodeRight: joined("nodeRight"),
    nodeGain: joined("nodeGain"),
    nodeSet: joined("nodeSet"),
    sets: joined("sets"),
    categories: first.categories,
    leafValues: joined("leafValues"),
    leafRows: joined("leafRows"),
    base: meanArray(
      parts.map(({ ensemble }) => ensemble.base),
      Float64Array.from(parts, ({ share }) => share),
    ),
  };
}

type ArrayName = Exclude<
  keyof TreeEnsemble,
  "features" | "outputs" | "aggregate" | "treeOutputs" | "categories" | "base" | "linear"
>;

/** What comes before each part: nodes, leaves, words of sets. */
interface Start {
  readonly node: number;
  readonly leaf: number;
  readonly set: number;
}

function offsets(ensembles: readonly TreeEnsemble[]): Start[] {
  let start: Start = { node: 0, leaf: 0, set: 0 };
  return ensembles.map(({ nodeFeature, leafRows, sets }) => {
    const own = start;
    start = {
      node: own.node + nodeFeature.length,
      leaf: own.leaf + leafRows.length,
      set: own.set + sets.length,
    };
    return own;
  });
}

function relocated(ensemble: TreeEnsemble, start: Start, scale: number, share: number): TreeEnsemble {
  const child = (c: number) => (c >= 0 ? start.node + c : ~(start.leaf + ~c));
  return {
    ...ensemble,
    roots: ensemble.roots.map(child),
    nodeLeft: ensemble.nodeLeft.map(child),
    nodeRight: ensemble.nodeRight.map(child),
    nodeSet: ensemble.nodeSet.map((word) => (word < 0 ? word : start.set + word)),
    nodeGain: ensemble.nodeGain.map((gain) => gain * share),
    leafValues: ensemble.leafValues.map((value) => value * scale),
  };
}

type Numbers = Int32Array | Uint32Array | Float32Array | Uint8Array;

function joinArrays<T extends Numbers>(parts: readonly T[]): T {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const result = new (parts[0]!.constructor as new (length: number) => T)(length);
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
