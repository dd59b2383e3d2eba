import type { LinearLeaves } from "./linear-leaves.js";
import { CATEGORICAL, type FlatTrees, MISSING_LEFT, setHolds } from "./tree-ensemble.js";

/** Trees as `ai.onnx.ml` TreeEnsembleRegressor (version 3) wants them: splits and leaves alike are nodes. */
export class EmittedNodes {
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
  /** Whether any split sends missing values to its true side. */
  tracksMissing = false;
  #tree = -1;
  #next = 0;
  /** Leaves of the current tree by content. */
  #leaves = new Map<string, number>();

  startTree(): void {
    this.#tree++;
    this.#next = 0;
    this.#leaves.clear();
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
    if (missingTrue) this.tracksMissing = true;
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

  /** A leaf that is reached again from a true branch (see `appendTree`). */
  sharedLeaf(content: string, create: () => number, mayShare: boolean): number {
    const known = this.#leaves.get(content);
    if (mayShare && known !== undefined) return known;
    const position = create();
    if (known === undefined) this.#leaves.set(content, position);
    return position;
  }

  /** What the lists take in the file: integers are varints, numbers four bytes, texts have a tag and a length. */
  bytes(): number {
    const integers = [this.treeIds, this.nodeIds, this.features, this.trueIds, this.falseIds];
    integers.push(this.targetTreeIds, this.targetNodeIds, this.targetIds);
    let sum = 4 * (this.values.length + this.targetWeights.length);
    if (this.tracksMissing) sum += this.missingTrue.length;
    for (const list of integers) for (const value of list) sum += varintBytes(value);
    for (const mode of this.modes) sum += 2 + mode.length;
    return sum;
  }
}

function varintBytes(value: number): number {
  return value < 2 ** 7 ? 1 : value < 2 ** 14 ? 2 : value < 2 ** 21 ? 3 : 4;
}

/**
 * Appends a tree, depth first with a stack, as trees of a forest may be deeper than calls can nest. A split on
 * categories becomes a chain of equality tests whose true branches share one subtree.
 *
 * Leaves of equal content become one node as far as the runtime allows: onnxruntime lays a node's false branch right
 * behind the node, so only true branches may lead to a node that it has met before, and it visits false branches
 * first. The same order here makes a known leaf one that it has met. Pure leaves are most of a fully grown forest.
 */
export function appendTree(nodes: EmittedNodes, ensemble: FlatTrees, tree: number): void {
  const output = ensemble.treeOutputs?.[tree];
  type Task = { child: number; onTrue: boolean; attach: (position: number) => void };
  const stack: Task[] = [{ child: ensemble.roots[tree]!, onTrue: false, attach: () => undefined }];
  while (stack.length > 0) {
    const { child, onTrue, attach } = stack.pop()!;
    if (child < 0) {
      attach(appendLeaf(nodes, ensemble, ~child, output, onTrue));
      continue;
    }
    const split = isCategorical(ensemble, child)
      ? appendCategorical(nodes, ensemble, child)
      : appendNumeric(nodes, ensemble, child);
    attach(split.first);
    let whenFalse = -1;
    stack.push({
      child: split.whenTrue,
      onTrue: true,
      attach: (position) => split.link(position, whenFalse),
    });
    stack.push({
      child: split.whenFalse,
      onTrue: false,
      attach: (position) => {
        whenFalse = position;
      },
    });
  }
}

function isCategorical(ensemble: FlatTrees, node: number): boolean {
  return (ensemble.nodeFlags[node]! & CATEGORICAL) !== 0;
}

function appendLeaf(
  nodes: EmittedNodes,
  ensemble: FlatTrees,
  leaf: number,
  output: number | undefined,
  onTrue: boolean,
): number {
  const { leafValues, linear, outputs } = ensemble;
  const values = output === undefined ? outputs : 1;
  const create = () => {
    const position = nodes.add(0, "LEAF", 0, false);
    for (let k = 0; k < values; k++) {
      const weight = leafValues[leaf * values + k]!;
      if (weight !== 0 || values === 1) nodes.target(position, output ?? k, weight);
    }
    if (linear) appendTerms(nodes, linear, position, leaf, output ?? 0, outputs);
    return position;
  };
  if (linear) return create();
  const content = leafValues.subarray(leaf * values, (leaf + 1) * values).join();
  return nodes.sharedLeaf(content, create, onTrue);
}

function appendTerms(
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

function appendNumeric(nodes: EmittedNodes, ensemble: FlatTrees, node: number): PendingSplit {
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

function appendCategorical(nodes: EmittedNodes, ensemble: FlatTrees, node: number): PendingSplit {
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

function codesLeft(ensemble: FlatTrees, node: number): number[] {
  const categories = ensemble.categories[ensemble.nodeFeature[node]!]!;
  const codes: number[] = [];
  for (let code = 0; code < categories; code++) {
    if (setHolds(ensemble.sets, ensemble.nodeSet[node]!, categories, code)) codes.push(code);
  }
  return codes;
}
