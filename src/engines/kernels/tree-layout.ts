// One tree as the Shapley kernel walks it: parents before children, each element knowing what lies above it.
import type { ScorableTrees } from "./tree-scorer.js";

/** Trees that can be explained: scoring them, and how many training rows each leaf has. */
export interface ExplainableTrees extends ScorableTrees {
  readonly leafRows: Int32Array;
}

/** Bytes of an element, see assembly/shap.entry.ts. */
export const ELEMENT_BYTES = 48;
const WORDS = ELEMENT_BYTES / 4;
const DOUBLES = ELEMENT_BYTES / 8;
const LEAF_WORD = 4;
const RIGHT_WORD = 7;
const SHARE = 4;
const PRODUCT = 5;

export interface TreeLayout {
  /** Elements of 48 bytes. */
  readonly bytes: ArrayBuffer;
  readonly elements: number;
  /** Most different features on a way from the root to a leaf. */
  readonly longestPath: number;
  /** Share of the training rows in each of the tree's leaves, and the leaf. */
  readonly leaves: readonly { readonly leaf: number; readonly share: number }[];
}

/** Training rows below each node of a tree, by node; parents are listed before children. */
function rowsBelow(trees: ExplainableTrees, order: Int32Array): Map<number, number> {
  const rows = new Map<number, number>();
  const of = (child: number) => (child < 0 ? trees.leafRows[~child]! : rows.get(child)!);
  for (let k = order.length - 1; k >= 0; k--) {
    const node = order[k]!;
    if (node >= 0) rows.set(node, of(trees.nodeLeft[node]!) + of(trees.nodeRight[node]!));
  }
  return rows;
}

/** Nodes and leaves of a tree (leaves as ~leaf), parents first, the left child right after its parent. */
function preorder(trees: ExplainableTrees, root: number): Int32Array {
  const order: number[] = [];
  const stack = [root];
  for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
    order.push(at);
    if (at >= 0) stack.push(trees.nodeRight[at]!, trees.nodeLeft[at]!);
  }
  return Int32Array.from(order);
}

export function layOutTree(trees: ExplainableTrees, root: number): TreeLayout {
  const order = preorder(trees, root);
  const rows = rowsBelow(trees, order);
  const bytes = new ArrayBuffer(order.length * ELEMENT_BYTES);
  const words = new Int32Array(bytes);
  const floats = new Float32Array(bytes);
  const doubles = new Float64Array(bytes);
  const shares = new Float64Array(order.length).fill(1);
  const different = new Int32Array(order.length);
  const leaves: { leaf: number; share: number }[] = [];
  doubles.set([1, 1], SHARE);
  const place = new Map<number, number>();
  for (const [k, at] of order.entries()) if (at >= 0) place.set(at, k);
  const rowsOf = (child: number) => (child < 0 ? trees.leafRows[~child]! : rows.get(child)!);
  const enter = (k: number, parent: number, left: boolean, share: number): void => {
    const feature = words[parent * WORDS + 5]! & 0x0fffffff;
    let above = parent;
    while (above > 0 && words[above * WORDS + 3] !== feature) above = words[above * WORDS]!;
    words.set([parent, above, left ? 1 : 0, feature], k * WORDS);
    doubles.set([share, share * (above > 0 ? doubles[above * DOUBLES + PRODUCT]! : 1)], k * DOUBLES + SHARE);
    shares[k] = shares[parent]! * share;
    different[k] = different[parent]! + (above > 0 ? 0 : 1);
  };
  // Right children are met later than their parents' left subtrees, so each parent notes where they go.
  const waiting: number[] = [];
  for (const [k, at] of order.entries()) {
    if (k > 0) {
      const isLeft = order[k - 1]! >= 0;
      const parent = isLeft ? k - 1 : waiting.pop()!;
      const node = order[parent]!;
      const [left, right] = [rowsOf(trees.nodeLeft[node]!), rowsOf(trees.nodeRight[node]!)];
      // No training row came here: no way on is likelier than the other.
      const share = left + right > 0 ? (isLeft ? left : right) / (left + right) : 0.5;
      enter(k, parent, isLeft, share);
      if (!isLeft) words[parent * WORDS + RIGHT_WORD] = k;
    }
    words[k * WORDS + LEAF_WORD] = at < 0 ? ~at : -1;
    if (at < 0) {
      leaves.push({ leaf: ~at, share: shares[k]! });
      continue;
    }
    waiting.push(k);
    words[k * WORDS + 5] = trees.nodeFeature[at]! | (trees.nodeFlags[at]! << 28);
    if (trees.nodeFlags[at]! >= 2) words[k * WORDS + 6] = trees.nodeSet[at]!;
    else floats[k * WORDS + 6] = trees.nodeThreshold[at]!;
  }
  return {
    bytes,
    elements: order.length,
    longestPath: different.reduce((a, b) => Math.max(a, b), 0),
    leaves,
  };
}
