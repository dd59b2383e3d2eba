// Plain TypeScript of assembly/shap.entry.ts: Shapley values by their definition, over all coalitions.
import type { ExplainableTrees } from "../tree-layout.js";
import { goesLeft } from "./tree-scores.js";

/** Worth of a coalition (a bit a feature), by output. */
export type Game = (coalition: number) => Float64Array;

/** What a tree ensemble expects when only the features of the coalition are known (Lundberg et al. 2020, algorithm 1). */
export function pathDependentGame(trees: ExplainableTrees, row: ArrayLike<number>): Game {
  const rowsBelow = (node: number): number =>
    node < 0 ? trees.leafRows[~node]! : rowsBelow(trees.nodeLeft[node]!) + rowsBelow(trees.nodeRight[node]!);
  return (coalition) => {
    const worth = new Float64Array(trees.outputs);
    const visit = (tree: number, node: number, share: number): void => {
      if (node < 0) {
        addLeaf(trees, tree, ~node, share, worth);
        return;
      }
      const feature = trees.nodeFeature[node]!;
      const [left, right] = [trees.nodeLeft[node]!, trees.nodeRight[node]!];
      if ((coalition >>> feature) & 1) {
        visit(tree, goesLeft(trees, node, row[feature]!) ? left : right, share);
        return;
      }
      const [leftRows, rightRows] = [rowsBelow(left), rowsBelow(right)];
      const leftShare = leftRows + rightRows > 0 ? leftRows / (leftRows + rightRows) : 0.5;
      visit(tree, left, share * leftShare);
      visit(tree, right, share * (1 - leftShare));
    };
    for (const [tree, root] of trees.roots.entries()) visit(tree, root, 1);
    return worth;
  };
}

/** The mean score when the features outside the coalition are those of each background row in turn. */
export function interventionalGame(
  trees: ExplainableTrees,
  row: ArrayLike<number>,
  background: readonly ArrayLike<number>[],
): Game {
  return (coalition) => {
    const worth = new Float64Array(trees.outputs);
    for (const other of background) {
      for (const [tree, root] of trees.roots.entries()) {
        let node = root;
        while (node >= 0) {
          const feature = trees.nodeFeature[node]!;
          const value = ((coalition >>> feature) & 1 ? row : other)[feature]!;
          node = (goesLeft(trees, node, value) ? trees.nodeLeft : trees.nodeRight)[node]!;
        }
        addLeaf(trees, tree, ~node, 1 / background.length, worth);
      }
    }
    return worth;
  };
}

function addLeaf(
  trees: ExplainableTrees,
  tree: number,
  leaf: number,
  share: number,
  worth: Float64Array,
): void {
  const output = trees.treeOutputs?.[tree];
  if (output !== undefined) worth[output] = worth[output]! + share * trees.leafValues[leaf]!;
  else
    for (let k = 0; k < trees.outputs; k++)
      worth[k] = worth[k]! + share * trees.leafValues[leaf * trees.outputs + k]!;
}

/** Shapley values [outputs][features] by definition; features at most about 15. */
export function exactShapley(game: Game, features: number, outputs: number): Float64Array {
  const values = new Float64Array(outputs * features);
  const worths = Array.from({ length: 2 ** features }, (_, coalition) => game(coalition));
  for (let feature = 0; feature < features; feature++) {
    for (let coalition = 0; coalition < worths.length; coalition++) {
      if ((coalition >>> feature) & 1) continue;
      const weight = coalitionWeight(bits(coalition), features, 1);
      const [without, joined] = [worths[coalition]!, worths[coalition | (1 << feature)]!];
      for (let k = 0; k < outputs; k++) {
        values[k * features + feature] =
          values[k * features + feature]! + weight * (joined[k]! - without[k]!);
      }
    }
  }
  return values;
}

/** SHAP interaction values [outputs][features][features] of different features, by definition; 0 on the diagonal. */
export function exactInteractions(game: Game, features: number, outputs: number): Float64Array {
  const values = new Float64Array(outputs * features * features);
  const worths = Array.from({ length: 2 ** features }, (_, coalition) => game(coalition));
  for (let i = 0; i < features; i++) {
    for (let j = 0; j < features; j++) {
      if (i === j) continue;
      for (let coalition = 0; coalition < worths.length; coalition++) {
        if ((coalition >>> i) & 1 || (coalition >>> j) & 1) continue;
        const weight = coalitionWeight(bits(coalition), features, 2) / 2;
        const [a, b] = [1 << i, 1 << j];
        for (let k = 0; k < outputs; k++) {
          const joint =
            worths[coalition | a | b]![k]! -
            worths[coalition | a]![k]! -
            worths[coalition | b]![k]! +
            worths[coalition]![k]!;
          const at = (k * features + i) * features + j;
          values[at] = values[at]! + weight * joint;
        }
      }
    }
  }
  return values;
}

/** s! (n - s - joining)! / (n - joining + 1)!: the share of the orders in which exactly these s come first. */
function coalitionWeight(size: number, features: number, joining: number): number {
  const factorial = (n: number): number => (n < 2 ? 1 : n * factorial(n - 1));
  return (factorial(size) * factorial(features - size - joining)) / factorial(features - joining + 1);
}

function bits(value: number): number {
  let count = 0;
  for (let rest = value; rest > 0; rest >>>= 1) count += rest & 1;
  return count;
}
