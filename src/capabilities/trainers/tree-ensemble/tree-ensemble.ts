import type { LinearLeaves } from "./linear-leaves.js";

/** Missing values go left. */
export const MISSING_LEFT = 1;
/** The split is on a set of categories. */
export const CATEGORICAL = 2;

/**
 * Decision trees in flat arrays; a plain value that packs as it is. Nodes are splits only; leaves are apart.
 * A child or root `c >= 0` is node c, otherwise leaf `~c`. A numeric split sends `x <= threshold` left, a
 * categorical one the codes of its set; anything else goes right, and NaN by the node's flag.
 */
export interface TreeEnsemble {
  readonly features: number;
  readonly outputs: number;
  /** How the trees' values make a score; the base is added afterwards. */
  readonly aggregate: "sum" | "average";
  readonly roots: Int32Array;
  /** The output each tree adds to (one value a leaf). Absent: a leaf has `outputs` values. */
  readonly treeOutputs?: Int32Array;
  readonly nodeFeature: Int32Array;
  readonly nodeThreshold: Float32Array;
  readonly nodeFlags: Uint8Array;
  readonly nodeLeft: Int32Array;
  readonly nodeRight: Int32Array;
  /** Loss reduction. */
  readonly nodeGain: Float32Array;
  /** First word of a categorical node's set in `sets`, -1 for numeric nodes. */
  readonly nodeSet: Int32Array;
  /** Bit c of a set, counted from its first word, is category c. */
  readonly sets: Uint32Array;
  /** Number of categories by feature, 0 for numeric ones. */
  readonly categories: Int32Array;
  readonly leafValues: Float32Array;
  /** Linear models in the leaves, whose values are then intercepts. Needs `treeOutputs` and sums. */
  readonly linear?: LinearLeaves;
  /** Training rows in each leaf. */
  readonly leafRows: Int32Array;
  /** Added to every row, one for each output. */
  readonly base: Float64Array;
}

/** What predictions need of an ensemble. */
export type FlatTrees = Omit<TreeEnsemble, "nodeGain">;

/** Whether a categorical node's set holds a code. Values that are no code of the feature are in no set. */
export function setHolds(sets: Uint32Array, first: number, categories: number, value: number): boolean {
  if (!(value >= 0 && value < categories)) return false;
  const code = Math.trunc(value);
  return code === value && ((sets[first + (code >>> 5)]! >>> (code & 31)) & 1) === 1;
}

/** Words that a set over `categories` codes takes. */
export function setWords(categories: number): number {
  return (categories + 31) >>> 5;
}

/** Counts for reports. */
export function ensembleSize(ensemble: TreeEnsemble): Record<string, number> {
  return {
    trees: ensemble.roots.length,
    leaves: ensemble.leafRows.length,
    splits: ensemble.nodeFeature.length,
  };
}
