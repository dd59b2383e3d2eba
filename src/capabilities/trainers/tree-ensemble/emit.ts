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
  for (const tree of ensemble.roots.keys()) {
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

/** What `emitScores` adds to the exported file, in bytes: the node's lists, which are all but a few hundred of them. */
export function ensembleBytes(ensemble: FlatTrees): number {
  return emittedNodes(ensemble).bytes();
}
