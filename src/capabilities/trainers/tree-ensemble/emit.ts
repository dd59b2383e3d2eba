import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import { emitLinearScores, type LinearLeaves } from "./linear-leaves.js";
import { CATEGORICAL, MISSING_LEFT, setHolds, type TreeEnsemble } from "./tree-ensemble.js";

/** One tree as `ai.onnx.ml` TreeEnsembleRegressor (version 3) wants it: splits and leaves alike are nodes. */
class EmittedNodes {
  readonly treeIds: number[] = [];
  readonly nodeIds: number[] = [];
  readonly features: number[] = [];
  readonly modes: string[] = [];
  readonly values: number[] = [];
  readonly trueIds: number[] = [];
  readonly falseIds: number[] = [];
  readonly missingTrue: number[] = [];
  readonly targetTreeIds: number[] = [];
  readonly targetNodeIds: number[] = [];
  readonly targetIds: number[] = [];
  readonly targetWeights: number[] = [];
  #tree = -1;
  #next = 0;

  startTree(): void {
    this.#tree++;
    this.#next = 0;
  }

  /** Adds a node of the current tree, children to be set later; returns its position in the arrays. */
  add(feature: number, mode: string, value: number, missingTrue: boolean): number {
    this.treeIds.push(this.#tree);
    this.nodeIds.push(this.#next++);
    this.features.push(feature);
    this.modes.push(mode);
    this.values.push(value);
    this.trueIds.push(0);
    this.falseIds.push(0);
    this.missingTrue.push(missingTrue ? 1 : 0);
    return this.nodeIds.length - 1;
  }

  /** Children by their positions. */
  link(position: number, whenTrue: number, whenFalse: number): void {
    this.trueIds[position] = this.nodeIds[whenTrue]!;
    this.falseIds[position] = this.nodeIds[whenFalse]!;
  }

  target(position: number, output: number, weight: number): void {
    this.targetTreeIds.push(this.#tree);
    this.targetNodeIds.push(this.nodeIds[position]!);
    this.targetIds.push(output);
    this.targetWeights.push(weight);
  }
}

/**
 * The ensemble's scores as float32 [N, outputs]: leaf values summed (or averaged) and the base added.
 * A split on categories becomes a chain of equality tests whose true branches share one subtree; the shorter
 * side of the split is listed.
 */
export function emitScores(graph: GraphBuilder, ensemble: TreeEnsemble, matrix: GraphValue): GraphValue {
  const nodes = new EmittedNodes();
  for (const tree of ensemble.roots.keys()) {
    nodes.startTree();
    emitTree(nodes, ensemble, tree);
  }
  // The operator wants a tree even where none was grown.
  if (ensemble.roots.length === 0) {
    nodes.startTree();
    const leaf = nodes.add(0, "LEAF", 0, false);
    for (let output = 0; output < ensemble.outputs; output++) nodes.target(leaf, output, 0);
  }
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
      nodes_missing_value_tracks_true: { ints: nodes.missingTrue },
      target_treeids: { ints: nodes.targetTreeIds },
      target_nodeids: { ints: nodes.targetNodeIds },
      target_ids: { ints: nodes.targetIds },
      target_weights: { floats: nodes.targetWeights },
    },
    outputs: [{ type: "float32", shape: ["N", targets] }],
  });
  return linear ? emitLinearScores(graph, linear, outputs, matrix, sums) : sums;
}

/** Depth first with a stack, as trees of a forest may be deeper than calls can nest. */
function emitTree(nodes: EmittedNodes, ensemble: TreeEnsemble, tree: number): void {
  const output = ensemble.treeOutputs?.[tree];
  type Task = { child: number; attach: (position: number) => void };
  const stack: Task[] = [{ child: ensemble.roots[tree]!, attach: () => undefined }];
  while (stack.length > 0) {
    const { child, attach } = stack.pop()!;
    if (child < 0) {
      attach(emitLeaf(nodes, ensemble, ~child, output));
      continue;
    }
    const split = isCategorical(ensemble, child)
      ? emitCategorical(nodes, ensemble, child)
      : emitNumeric(nodes, ensemble, child);
    attach(split.first);
    let whenTrue = -1;
    stack.push({ child: split.whenFalse, attach: (position) => split.link(whenTrue, position) });
    stack.push({
      child: split.whenTrue,
      attach: (position) => {
        whenTrue = position;
      },
    });
  }
}

function isCategorical(ensemble: TreeEnsemble, node: number): boolean {
  return (ensemble.nodeFlags[node]! & CATEGORICAL) !== 0;
}

function emitLeaf(
  nodes: EmittedNodes,
  ensemble: TreeEnsemble,
  leaf: number,
  output: number | undefined,
): number {
  const position = nodes.add(0, "LEAF", 0, false);
  if (output !== undefined) {
    nodes.target(position, output, ensemble.leafValues[leaf]!);
    if (ensemble.linear) emitTerms(nodes, ensemble.linear, position, leaf, output, ensemble.outputs);
    return position;
  }
  for (let k = 0; k < ensemble.outputs; k++) {
    const weight = ensemble.leafValues[leaf * ensemble.outputs + k]!;
    if (weight !== 0 || ensemble.outputs === 1) nodes.target(position, k, weight);
  }
  return position;
}

function emitTerms(
  nodes: EmittedNodes,
  { feature, start, variable, coefficient }: LinearLeaves,
  position: number,
  leaf: number,
  output: number,
  outputs: number,
): void {
  const first = outputs + output * feature.length;
  for (let k = start[leaf]!; k < start[leaf + 1]!; k++) {
    nodes.target(position, first + variable[k]!, coefficient[k]!);
  }
}

/** A split that waits for the positions of its subtrees. */
interface PendingSplit {
  readonly first: number;
  readonly whenTrue: number;
  readonly whenFalse: number;
  link(whenTrue: number, whenFalse: number): void;
}

function emitNumeric(nodes: EmittedNodes, ensemble: TreeEnsemble, node: number): PendingSplit {
  const missingLeft = (ensemble.nodeFlags[node]! & MISSING_LEFT) !== 0;
  const first = nodes.add(
    ensemble.nodeFeature[node]!,
    "BRANCH_LEQ",
    ensemble.nodeThreshold[node]!,
    missingLeft,
  );
  return {
    first,
    whenTrue: ensemble.nodeLeft[node]!,
    whenFalse: ensemble.nodeRight[node]!,
    link: (whenTrue, whenFalse) => nodes.link(first, whenTrue, whenFalse),
  };
}

function emitCategorical(nodes: EmittedNodes, ensemble: TreeEnsemble, node: number): PendingSplit {
  const feature = ensemble.nodeFeature[node]!;
  const missingLeft = (ensemble.nodeFlags[node]! & MISSING_LEFT) !== 0;
  const codes = codesLeft(ensemble, node);
  // NaN equals nothing: its side is decided at the chain's first test.
  const chain = codes.map((code, k) => nodes.add(feature, "BRANCH_EQ", code, missingLeft && k === 0));
  // Missing values alone go left: a test that every other value fails. The same test ends a chain that another
  // one on this feature follows, because onnxruntime (1.30) joins neighbouring equality tests of a feature into
  // one set even where they lead to different nodes.
  const right = ensemble.nodeRight[node]!;
  const followed = right >= 0 && isCategorical(ensemble, right) && ensemble.nodeFeature[right] === feature;
  if (codes.length === 0 || followed) {
    const missingHere = missingLeft && codes.length === 0;
    chain.push(nodes.add(feature, "BRANCH_LT", Number.NEGATIVE_INFINITY, missingHere));
  }
  return {
    first: chain[0]!,
    whenTrue: ensemble.nodeLeft[node]!,
    whenFalse: ensemble.nodeRight[node]!,
    link: (whenTrue, whenFalse) => {
      for (const [k, position] of chain.entries()) nodes.link(position, whenTrue, chain[k + 1] ?? whenFalse);
    },
  };
}

function codesLeft(ensemble: TreeEnsemble, node: number): number[] {
  const categories = ensemble.categories[ensemble.nodeFeature[node]!]!;
  const codes: number[] = [];
  for (let code = 0; code < categories; code++) {
    if (setHolds(ensemble.sets, ensemble.nodeSet[node]!, categories, code)) codes.push(code);
  }
  return codes;
}
