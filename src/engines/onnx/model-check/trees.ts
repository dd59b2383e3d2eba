/**
 * Decision trees as the runtime may walk them: every index in range, no path endless. The runtime trusts
 * the feature and class numbers and recurses into children while it loads.
 */
import type { AttributeValue } from "../../../foundation/contracts/graph.js";
import { toNumbers } from "../element-types.js";
import type { Attributes } from "./attributes.js";
import { type ModelPolicy, refuse } from "./policy.js";

const OLD_MODES = new Set([
  "BRANCH_LEQ",
  "BRANCH_LT",
  "BRANCH_GTE",
  "BRANCH_GT",
  "BRANCH_EQ",
  "BRANCH_NEQ",
  "LEAF",
]);
/** Of TreeEnsemble (ai.onnx.ml 5): comparison modes 0..5 and set membership. */
const MEMBER_MODE = 6;

function fault(why: string): never {
  return refuse(`a tree ensemble is inconsistent: ${why}`);
}

/** A list of integers; absent = empty. */
function indices(attributes: Attributes, name: string): ArrayLike<number> {
  const value = attributes[name];
  if (!value) return [];
  if (!("ints" in value)) return fault(`${name} is no list of integers`);
  return value.ints instanceof BigInt64Array ? toNumbers(value.ints) : value.ints;
}

function lengthOf(value: AttributeValue | undefined): number {
  if (!value) return 0;
  if ("floats" in value) return value.floats.length;
  if ("ints" in value) return value.ints.length;
  if ("tensor" in value) return value.tensor.data.length;
  return fault("a number list has another type");
}

const names = (list: string): string[] => list.split(" ").filter((name) => name !== "");

/** Lists that describe the same things have one length. Absent optional lists have length 0. */
function sameLength(count: number, attributes: Attributes, required: string, optional = ""): void {
  for (const name of names(required)) {
    if (lengthOf(attributes[name]) !== count) fault(`${name} has not ${count} elements`);
  }
  for (const name of names(optional)) {
    if (![0, count].includes(lengthOf(attributes[name]))) fault(`${name} has not ${count} elements`);
  }
}

function inRange(values: ArrayLike<number>, limit: number, what: string): void {
  for (let index = 0; index < values.length; index++) checkRange(values[index]!, limit, what);
}

function checkRange(value: number | undefined, limit: number, what: string): void {
  if (!(value !== undefined && value >= 0 && value < limit)) fault(`${what} ${value} is not below ${limit}`);
}

/**
 * No path leads in a circle or is too long. Branches may meet again: exporters write a set of categories as a
 * chain of comparisons with one common child. `-1` = no child.
 */
function checkPaths(left: ArrayLike<number>, right: ArrayLike<number>, policy: ModelPolicy): void {
  const count = left.length;
  const parents = new Uint32Array(count);
  for (let node = 0; node < count; node++) {
    if (left[node]! >= 0) parents[left[node]!]!++;
    if (right[node]! >= 0) parents[right[node]!]!++;
  }
  const depth = new Uint32Array(count);
  const ready: number[] = [];
  for (let node = 0; node < count; node++) if (parents[node] === 0) ready.push(node);
  const arrive = (child: number, steps: number) => {
    if (child < 0) return;
    if (steps > policy.treeDepth) fault(`a tree is deeper than ${policy.treeDepth}`);
    depth[child] = Math.max(depth[child]!, steps);
    if (--parents[child]! === 0) ready.push(child);
  };
  let visited = 0;
  for (let node = ready.pop(); node !== undefined; node = ready.pop()) {
    visited++;
    arrive(left[node]!, depth[node]! + 1);
    arrive(right[node]!, depth[node]! + 1);
  }
  if (visited !== count) fault("nodes form a circle");
}

const MAXIMUM_TREES = 2 ** 20;

/** Position in the lists by tree and node. @throws when two nodes share an id. */
type Places = (tree: number, node: number) => number | undefined;

function placesOf(trees: ArrayLike<number>, ids: ArrayLike<number>): Places {
  inRange(trees, MAXIMUM_TREES, "the tree");
  inRange(ids, 2 ** 31, "the node");
  return consecutivePlaces(trees, ids) ?? scatteredPlaces(trees, ids);
}

/** Nodes in order, each tree in one piece, as nearly every exporter writes them: a fifth of the time. */
function consecutivePlaces(trees: ArrayLike<number>, ids: ArrayLike<number>): Places | undefined {
  const runs = new Map<number, { start: number; length: number }>();
  let run = { start: 0, length: 0 };
  for (let position = 0; position < trees.length; position++) {
    if (position === 0 || trees[position] !== trees[position - 1]) {
      if (runs.has(trees[position]!)) return undefined;
      run = { start: position, length: 0 };
      runs.set(trees[position]!, run);
    }
    if (ids[position] !== run.length++) return undefined;
  }
  return (tree, node) => {
    const { start, length } = runs.get(tree) ?? { start: 0, length: 0 };
    return Number.isInteger(node) && node >= 0 && node < length ? start + node : undefined;
  };
}

function scatteredPlaces(trees: ArrayLike<number>, ids: ArrayLike<number>): Places {
  const key = (tree: number, node: number) => node * MAXIMUM_TREES + tree;
  const places = new Map<number, number>();
  for (let position = 0; position < trees.length; position++) {
    places.set(key(trees[position]!, ids[position]!), position);
  }
  if (places.size !== trees.length) fault("two nodes have one id");
  return (tree, node) => places.get(key(tree, node));
}

/** TreeEnsembleClassifier and -Regressor. `prefix` is `class` or `target`; `outputs` bounds its ids. */
export function checkTreeEnsemble(
  attributes: Attributes,
  prefix: "class" | "target",
  features: number,
  outputs: number,
  policy: ModelPolicy,
): void {
  const trees = indices(attributes, "nodes_treeids");
  const ids = indices(attributes, "nodes_nodeids");
  const count = trees.length;
  if (count === 0) fault("there are no nodes");
  const modeValues = attributes.nodes_modes;
  const modes = modeValues && "strings" in modeValues ? modeValues.strings : [];
  if (modes.length !== count) fault(`nodes_modes has not ${count} elements`);
  sameLength(count, attributes, "nodes_nodeids nodes_featureids nodes_truenodeids nodes_falsenodeids");
  sameLength(
    count,
    attributes,
    "",
    "nodes_values nodes_values_as_tensor nodes_missing_value_tracks_true nodes_hitrates nodes_hitrates_as_tensor",
  );
  if (lengthOf(attributes.nodes_values) + lengthOf(attributes.nodes_values_as_tensor) !== count) {
    fault(`nodes_values has not ${count} elements`);
  }
  const places = placesOf(trees, ids);
  const featureIds = indices(attributes, "nodes_featureids");
  const [yes, no] = [indices(attributes, "nodes_truenodeids"), indices(attributes, "nodes_falsenodeids")];
  const [left, right] = [new Int32Array(count).fill(-1), new Int32Array(count).fill(-1)];
  for (let node = 0; node < count; node++) {
    if (!OLD_MODES.has(modes[node]!)) fault("a mode is unknown");
    if (modes[node] === "LEAF") continue;
    checkRange(featureIds[node], features, "the feature");
    left[node] = places(trees[node]!, yes[node]!) ?? fault("a child is missing");
    right[node] = places(trees[node]!, no[node]!) ?? fault("a child is missing");
  }
  checkPaths(left, right, policy);
  checkLeafWeights(attributes, prefix, outputs, (tree, node) => {
    const index = places(tree, node);
    return index !== undefined && modes[index] === "LEAF";
  });
}

function checkLeafWeights(
  attributes: Attributes,
  prefix: "class" | "target",
  outputs: number,
  isLeaf: (tree: number, node: number) => boolean,
): void {
  const trees = indices(attributes, `${prefix}_treeids`);
  const nodes = indices(attributes, `${prefix}_nodeids`);
  sameLength(
    trees.length,
    attributes,
    `${prefix}_nodeids ${prefix}_ids`,
    `${prefix}_weights ${prefix}_weights_as_tensor`,
  );
  if (
    lengthOf(attributes[`${prefix}_weights`]) + lengthOf(attributes[`${prefix}_weights_as_tensor`]) !==
    trees.length
  ) {
    fault(`${prefix}_weights has not ${trees.length} elements`);
  }
  inRange(indices(attributes, `${prefix}_ids`), outputs, `the ${prefix}`);
  for (let index = 0; index < trees.length; index++) {
    if (!isLeaf(trees[index]!, nodes[index]!)) fault("a weight belongs to no leaf");
  }
  const base = lengthOf(attributes.base_values) + lengthOf(attributes.base_values_as_tensor);
  if (base > outputs) fault("there are more base values than outputs");
}

/** TreeEnsemble of ai.onnx.ml 5: nodes and leaves are numbered apart, without ids. */
export function checkModernTreeEnsemble(
  attributes: Attributes,
  features: number,
  outputs: number,
  policy: ModelPolicy,
): void {
  const featureIds = indices(attributes, "nodes_featureids");
  const count = featureIds.length;
  if (count === 0) fault("there are no nodes");
  inRange(featureIds, features, "the feature");
  sameLength(
    count,
    attributes,
    "nodes_splits nodes_modes nodes_truenodeids nodes_falsenodeids nodes_trueleafs nodes_falseleafs",
    "nodes_missing_value_tracks_true nodes_hitrates",
  );
  const targets = indices(attributes, "leaf_targetids");
  inRange(targets, outputs, "the target");
  sameLength(targets.length, attributes, "leaf_weights");
  const roots = indices(attributes, "tree_roots");
  inRange(roots, count, "the root");
  const children = (idsName: string, leavesName: string): Int32Array => {
    const [ids, leaves] = [indices(attributes, idsName), indices(attributes, leavesName)];
    return Int32Array.from({ length: count }, (_, node) => {
      checkRange(ids[node], leaves[node] === 0 ? count : targets.length, "the child");
      checkRange(leaves[node], 2, "the leaf mark");
      return leaves[node] === 0 ? ids[node]! : -1;
    });
  };
  checkPaths(
    children("nodes_truenodeids", "nodes_trueleafs"),
    children("nodes_falsenodeids", "nodes_falseleafs"),
    policy,
  );
  checkMembership(attributes);
}

/** Sets of members follow one another, each closed by NaN, one for each membership node. */
function checkMembership(attributes: Attributes): void {
  const modes = tensorNumbers(attributes.nodes_modes);
  inRange(modes, MEMBER_MODE + 1, "the mode");
  const members = tensorNumbers(attributes.membership_values);
  const sets = members.reduce((count, value) => count + (Number.isNaN(value) ? 1 : 0), 0);
  const nodes = modes.reduce((count, mode) => count + (mode === MEMBER_MODE ? 1 : 0), 0);
  const closed = members.length === 0 || Number.isNaN(members.at(-1));
  if (sets !== nodes || !closed) fault("the sets of members do not fit the nodes");
}

function tensorNumbers(value: AttributeValue | undefined): number[] {
  return value && "tensor" in value ? Array.from(value.tensor.data as ArrayLike<number>, Number) : [];
}
