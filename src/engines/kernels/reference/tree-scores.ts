// Plain TypeScript of assembly/trees.entry.ts.
import type { ScorableTrees } from "../tree-scorer.js";

/** Sums of leaf values of one row: [outputs]. */
export function referenceScores(trees: ScorableTrees, row: ArrayLike<number>): Float64Array {
  const scores = new Float64Array(trees.outputs);
  for (const [tree, root] of trees.roots.entries()) {
    let node = root;
    while (node >= 0) {
      const left = goesLeft(trees, node, row[trees.nodeFeature[node]!]!);
      node = (left ? trees.nodeLeft : trees.nodeRight)[node]!;
    }
    const output = trees.treeOutputs?.[tree];
    if (output !== undefined) scores[output] = scores[output]! + trees.leafValues[~node]!;
    else
      for (let k = 0; k < trees.outputs; k++)
        scores[k] = scores[k]! + trees.leafValues[~node * trees.outputs + k]!;
  }
  return scores;
}

/** Whether a value goes left at a node. */
export function goesLeft(trees: ScorableTrees, node: number, x: number): boolean {
  if (Number.isNaN(x)) return (trees.nodeFlags[node]! & 1) === 1;
  if ((trees.nodeFlags[node]! & 2) === 0) return x <= trees.nodeThreshold[node]!;
  if (!Number.isInteger(x) || x < 0 || x >= trees.categories[trees.nodeFeature[node]!]!) return false;
  return ((trees.sets[trees.nodeSet[node]! + (x >>> 5)]! >>> (x & 31)) & 1) === 1;
}
