// Random trees and rows for tests of what walks trees.
import fc from "fast-check";
import { createRandom } from "../../../foundation/base/random.js";
import type { ExplainableTrees } from "../tree-layout.js";

export const MADE_FEATURES = 5;
/** The last two features are categories. */
const CATEGORIES = Int32Array.of(0, 0, 0, 40, 3);

/** Random trees of every form: single leaves, chains, sets, all flags. */
export function makeTrees(seed: number, shared: boolean): ExplainableTrees {
  const random = createRandom(seed);
  const roots: number[] = [];
  const nodes: {
    feature: number;
    flags: number;
    threshold: number;
    set: number;
    left: number;
    right: number;
  }[] = [];
  const sets: number[] = [];
  let leaves = 0;
  const grow = (depth: number): number => {
    if (depth === 0 || random.uniform() < 0.2) return ~leaves++;
    const feature = random.integer(MADE_FEATURES);
    const categorical = CATEGORIES[feature]! > 0;
    const node = {
      feature,
      flags: random.integer(2) | (categorical ? 2 : 0),
      threshold: 0,
      set: -1,
      left: 0,
      right: 0,
    };
    const number = nodes.push(node) - 1;
    if (categorical) {
      node.set = sets.length;
      for (let k = 0; k < (CATEGORIES[feature]! + 31) >>> 5; k++) sets.push(random.integer(2 ** 32));
    } else node.threshold = Math.fround(random.normal());
    node.left = grow(depth - 1);
    node.right = grow(depth - 1);
    return number;
  };
  for (let tree = 0; tree < 6; tree++) roots.push(grow(random.integer(7)));
  const outputs = 3;
  return {
    outputs,
    roots: Int32Array.from(roots),
    ...(shared ? {} : { treeOutputs: Int32Array.from(roots, (_, tree) => tree % outputs) }),
    nodeFeature: Int32Array.from(nodes, (node) => node.feature),
    nodeThreshold: Float32Array.from(nodes, (node) => node.threshold),
    nodeFlags: Uint8Array.from(nodes, (node) => node.flags),
    nodeLeft: Int32Array.from(nodes, (node) => node.left),
    nodeRight: Int32Array.from(nodes, (node) => node.right),
    nodeSet: Int32Array.from(nodes, (node) => node.set),
    sets: Uint32Array.from(sets),
    categories: CATEGORIES,
    leafValues: Float32Array.from({ length: leaves * outputs }, () => random.normal()),
    leafRows: Int32Array.from({ length: leaves }, () => random.integer(20)),
  };
}

const numeric = fc.oneof(
  fc.float(),
  fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
);
const code = fc.oneof(
  fc.integer({ min: -2, max: 42 }),
  fc.constantFrom(Number.NaN, 1.5, Number.POSITIVE_INFINITY, 1e30),
);
/** Rows of numbers and codes, hostile ones included. */
export const madeRow = fc.tuple(numeric, numeric, numeric, code, code);
