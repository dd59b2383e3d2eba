import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { appendTree, EmittedNodes } from "./emitted-nodes.js";
import { emitLinearScores } from "./linear-leaves.js";
import type { FlatTrees, TreeEnsemble } from "./tree-ensemble.js";

/** The ensemble's scores as float32 [N, outputs]: leaf values summed (or averaged) and the base added. */
export function emitScores(graph: GraphBuilder, ensemble: TreeEnsemble, matrix: GraphValue): GraphValue {
  const nodes = emittedNodes(ensemble);
  const { linear, outputs } = ensemble;
  // Leaves of linear models add to the coefficients of the row, output by output, after the constants.
  const targets = linear ? outputs * (1 + linear.feature.length) : outputs;
  const base = new Float64Array(targets);
  base.set(ensemble.base);
  const sums = graph.op("TreeEnsembleRegressor", [matrix], {
    domain: "ai.onnx.ml",
    attributes: {
      n_targets: { int: targets },
      aggregate_function: { string: ensemble.aggregate === "sum" ? "SUM" : "AVERAGE" },
      post_transform: { string: "NONE" },
      base_values: { floats: Array.from(base) },
      nodes_treeids: { ints: nodes.treeIds },
      nodes_nodeids: { ints: nodes.nodeIds },
      nodes_featureids: { ints: nodes.features },
      nodes_modes: { strings: nodes.modes },
      nodes_values: { floats: nodes.values },
      nodes_truenodeids: { ints: nodes.trueIds },
      nodes_falsenodeids: { ints: nodes.falseIds },
      ...(nodes.tracksMissing ? { nodes_missing_value_tracks_true: { ints: nodes.missingTrue } } : {}),
      target_treeids: { ints: nodes.targetTreeIds },
      target_nodeids: { ints: nodes.targetNodeIds },
      target_ids: { ints: nodes.targetIds },
      target_weights: { floats: nodes.targetWeights },
    },
    outputs: [{ type: "float32", shape: ["N", targets] }],
  });
  return linear ? emitLinearScores(graph, linear, outputs, matrix, sums) : sums;
}

function emittedNodes(ensemble: FlatTrees): EmittedNodes {
  const nodes = new EmittedNodes();
  for (const tree of smallestFirst(ensemble)) {
    nodes.startTree();
    appendTree(nodes, ensemble, tree);
  }
  // The operator wants a tree even where none was grown.
  if (ensemble.roots.length === 0) {
    nodes.startTree();
    const leaf = nodes.add(0, "LEAF", 0, false);
    for (let output = 0; output < ensemble.outputs; output++) nodes.target(leaf, output, 0);
  }
  return nodes;
}

/**
 * Trees by their largest leaf. The runtime sums float32 in the order of trees: added last, the small leaves of late
 * rounds would be rounded away from a sum that is large already.
 */
function smallestFirst(ensemble: FlatTrees): number[] {
  const trees = [...ensemble.roots.keys()];
  if (ensemble.aggregate === "average") return trees;
  const sizes = trees.map((tree) => largestLeaf(ensemble, tree));
  return trees.sort((a, b) => sizes[a]! - sizes[b]! || a - b);
}

function largestLeaf({ roots, nodeLeft, nodeRight, leafValues, leafRows }: FlatTrees, tree: number): number {
  const values = leafValues.length / leafRows.length;
  const stack = [roots[tree]!];
  let largest = 0;
  while (stack.length > 0) {
    const child = stack.pop()!;
    if (child >= 0) stack.push(nodeLeft[child]!, nodeRight[child]!);
    else
      for (let k = 0; k < values; k++)
        largest = Math.max(largest, Math.abs(leafValues[~child * values + k]!));
  }
  return largest;
}

/** What `emitScores` adds to the exported file, in bytes: the node's lists, which are all but a few hundred of them. */
export function ensembleBytes(ensemble: FlatTrees): number {
  return emittedNodes(ensemble).bytes();
}
