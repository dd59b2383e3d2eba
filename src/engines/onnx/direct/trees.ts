/** TreeEnsembleRegressor and -Classifier of `ai.onnx.ml` version 1 to 3, walked for one row. */
import type { SlotArray, Step, StepCall, StepMaker } from "./slot.js";
import { integerOf, numbersOf, textOf, textsOf } from "./slot.js";

/**
 * Each inner node is four words: feature * 8 + kind, threshold (float32 bits) or first word of a set, and its true
 * and false child. A child or root below 0 is ~leaf.
 */
interface Trees extends LeafWeights {
  readonly roots: Int32Array;
  readonly nodes: Int32Array;
  /** The leaves of each tree: leaves[t] .. leaves[t + 1] - 1. */
  readonly leaves: readonly number[];
  /** Sets of whole numbers: their count of words, then the words. */
  readonly sets: Int32Array;
}

interface LeafWeights {
  /** Weights of leaf l: leafStart[l] .. leafStart[l + 1] - 1. */
  readonly leafStart: Int32Array;
  readonly target: Int32Array;
  readonly weight: Float32Array;
}

const KINDS: Readonly<Record<string, number>> = { BRANCH_LEQ: 0, BRANCH_EQ: 1, BRANCH_LT: 2 };
const SET = 3;
/** Added to the kind of nodes that send missing values to their true side. */
const MISSING_TRUE = 4;
/** Categories are numbered from 0; larger numbers are compared one by one. */
const MAXIMUM_MEMBER = 4095;

/** The node lists of the operator, with children by their places in the lists. */
class NodeLists {
  readonly modes: readonly string[];
  readonly treeIds: readonly number[];
  readonly features: readonly number[];
  readonly values: readonly number[];
  readonly missing: readonly number[];
  readonly #yesIds: readonly number[];
  readonly #noIds: readonly number[];
  readonly #places = new Map<number, number>();

  constructor(call: StepCall) {
    const list = (name: string): number[] => numbersOf(call, name) ?? [];
    this.modes = textsOf(call, "nodes_modes") ?? [];
    this.treeIds = list("nodes_treeids");
    this.features = list("nodes_featureids");
    this.values = list("nodes_values");
    this.missing = list("nodes_missing_value_tracks_true");
    this.#yesIds = list("nodes_truenodeids");
    this.#noIds = list("nodes_falsenodeids");
    for (const [k, id] of list("nodes_nodeids").entries())
      this.#places.set(placeKey(this.treeIds[k]!, id), k);
  }

  place(tree: number, id: number): number {
    return this.#places.get(placeKey(tree, id))!;
  }
  yes(k: number): number {
    return this.place(this.treeIds[k]!, this.#yesIds[k]!);
  }
  no(k: number): number {
    return this.place(this.treeIds[k]!, this.#noIds[k]!);
  }

  /** Equality tests that follow one another on one feature and share their true child are one test of a set. */
  chainFrom(first: number): {
    readonly members: readonly number[];
    readonly last: number;
    readonly missing: boolean;
  } {
    const members = [this.values[first]!];
    const yes = this.yes(first);
    let [last, missing] = [first, this.missing[first] === 1];
    for (let next = this.no(first); this.modes[next] === "BRANCH_EQ"; next = this.no(next)) {
      if (this.features[next] !== this.features[first] || this.yes(next) !== yes) break;
      members.push(this.values[next]!);
      missing ||= this.missing[next] === 1;
      last = next;
    }
    return { members, last, missing };
  }
}

const placeKey = (tree: number, node: number): number => tree * 2 ** 26 + node;
const isMember = (value: number): boolean => Number.isInteger(value) && value >= 0 && value <= MAXIMUM_MEMBER;

function readTrees(call: StepCall): Trees | undefined {
  const lists = new NodeLists(call);
  const { modes, treeIds, values } = lists;
  if (values.length !== modes.length) return undefined;
  if (modes.some((mode) => mode !== "LEAF" && KINDS[mode] === undefined)) return undefined;
  const words: number[] = [];
  const sets: number[] = [];
  const made = new Map<number, number>();
  const floats = new Float32Array(1);
  const bits = new Int32Array(floats.buffer);
  let leafCount = 0;
  /** The word where the node begins, or ~leaf; its children follow when their turn comes. */
  const pending: (readonly [word: number, child: number])[] = [];
  const nodeOf = (k: number): number => {
    const known = made.get(k);
    if (known !== undefined) return known;
    const at = modes[k] === "LEAF" ? ~leafCount++ : words.length;
    made.set(k, at);
    if (at < 0) return at;
    const chain = modes[k] === "BRANCH_EQ" ? lists.chainFrom(k) : undefined;
    const isSet = chain !== undefined && chain.members.length > 1 && chain.members.every(isMember);
    const kind = isSet ? SET : KINDS[modes[k]!]!;
    const missing = isSet ? chain.missing : lists.missing[k] === 1;
    floats[0] = values[k]!;
    words.push(lists.features[k]! * 8 + kind + (missing ? MISSING_TRUE : 0));
    words.push(isSet ? appendSet(sets, chain.members) : bits[0]!, 0, 0);
    pending.push([at + 2, lists.yes(k)], [at + 3, lists.no(isSet ? chain.last : k)]);
    return at;
  };
  const roots: number[] = [];
  const leaves = [0];
  for (let k = 0; k < modes.length; k++) {
    // The runtime takes the first node of each tree for its root.
    if (k > 0 && treeIds[k] === treeIds[k - 1]) continue;
    roots.push(nodeOf(k));
    for (let next = pending.pop(); next; next = pending.pop()) words[next[0]] = nodeOf(next[1]);
    leaves.push(leafCount);
  }
  const weights = readWeights(call, leafCount, (tree, id) => {
    const leaf = made.get(lists.place(tree, id));
    return leaf === undefined ? undefined : ~leaf;
  });
  const isWhole = new Set(treeIds).size === roots.length;
  return isWhole
    ? {
        roots: Int32Array.from(roots),
        nodes: Int32Array.from(words),
        leaves,
        sets: Int32Array.from(sets),
        ...weights,
      }
    : undefined;
}

/** @returns where the set begins */
function appendSet(sets: number[], members: readonly number[]): number {
  const start = sets.length;
  const words = new Array<number>((Math.max(...members) >> 5) + 1).fill(0);
  for (const member of members) words[member >> 5]! |= 1 << (member & 31);
  sets.push(words.length, ...words);
  return start;
}

/** Weights of leaves that no row reaches are left out. */
function readWeights(
  call: StepCall,
  leaves: number,
  leafOf: (tree: number, node: number) => number | undefined,
): LeafWeights {
  const [trees, nodes] = [numbersOf(call, "target_treeids") ?? [], numbersOf(call, "target_nodeids") ?? []];
  const [ids, weights] = [numbersOf(call, "target_ids") ?? [], numbersOf(call, "target_weights") ?? []];
  const leafStart = new Int32Array(leaves + 1);
  const own = trees.map((tree, k) => leafOf(tree, nodes[k]!));
  for (const leaf of own) if (leaf !== undefined) leafStart[leaf + 1]!++;
  for (let leaf = 0; leaf < leaves; leaf++) leafStart[leaf + 1]! += leafStart[leaf]!;
  const next = leafStart.slice();
  const [target, weight] = [new Int32Array(ids.length), new Float32Array(ids.length)];
  for (const [k, leaf] of own.entries()) {
    if (leaf === undefined) continue;
    const at = next[leaf]!++;
    target[at] = ids[k]!;
    weight[at] = weights[k]!;
  }
  return { leafStart, target, weight };
}

/** The leaf that a row reaches from a root. */
function leafFrom(
  root: number,
  nodes: Int32Array,
  limits: Float32Array,
  sets: Int32Array,
  row: SlotArray,
): number {
  let at = root;
  while (at >= 0) {
    const head = nodes[at]!;
    const value = row[head >> 3]!;
    const kind = head & 7;
    let isTrue: boolean;
    if (kind === 0) isTrue = value <= limits[at + 1]!;
    else if (Number.isNaN(value)) isTrue = kind >= MISSING_TRUE;
    else {
      const test = kind & 3;
      if (test === 0) isTrue = value <= limits[at + 1]!;
      else if (test === SET) isTrue = holds(sets, nodes[at + 1]!, value);
      else isTrue = test === 1 ? value === limits[at + 1]! : value < limits[at + 1]!;
    }
    at = isTrue ? nodes[at + 2]! : nodes[at + 3]!;
  }
  return ~at;
}

function holds(sets: Int32Array, start: number, value: number): boolean {
  const member = value | 0;
  const word = member >> 5;
  return (
    member === value &&
    member >= 0 &&
    word < sets[start]! &&
    ((sets[start + 1 + word]! >> (member & 31)) & 1) === 1
  );
}

/** Adds the weights of the leaves that the row reaches, in the order of the trees, in float32 as the runtime does. */
function addLeaves(trees: Trees, limits: Float32Array, row: SlotArray, sums: Float32Array): void {
  const { roots, nodes, sets, leafStart, target, weight } = trees;
  for (let tree = 0; tree < roots.length; tree++) {
    const leaf = leafFrom(roots[tree]!, nodes, limits, sets, row);
    for (let k = leafStart[leaf]!; k < leafStart[leaf + 1]!; k++) sums[target[k]!]! += weight[k]!;
  }
}

/**
 * Whether every row reaches a leaf with a weight for the target, because all leaves of some tree have one. Otherwise
 * the standard asks for the base value alone where the runtime answers 0, so that such ensembles are left to it.
 */
function isAlwaysReached({ roots, leaves, leafStart, target: targets }: Trees, wanted: number): boolean {
  return Array.from(roots).some((_, tree) => {
    for (let leaf = leaves[tree]!; leaf < leaves[tree + 1]!; leaf++) {
      if (!targets.subarray(leafStart[leaf]!, leafStart[leaf + 1]!).includes(wanted)) return false;
    }
    return true;
  });
}

export const treeRegressor: StepMaker = (call) => {
  const [input, output] = [call.inputs[0]!, call.outputs[0]!];
  const aggregate = textOf(call, "aggregate_function", "SUM");
  if (input.type !== "float32" || input.shape[0] !== 1) return undefined;
  if (textOf(call, "post_transform", "NONE") !== "NONE" || !["SUM", "AVERAGE"].includes(aggregate))
    return undefined;
  const trees = readTrees(call);
  if (!trees) return undefined;
  const targets = integerOf(call, "n_targets", 1);
  const base = Float32Array.from({ length: targets }, (_, k) => numbersOf(call, "base_values")?.[k] ?? 0);
  if (base.some((value, target) => value !== 0 && !isAlwaysReached(trees, target))) return undefined;
  const divisor = aggregate === "AVERAGE" ? trees.roots.length : 1;
  const limits = new Float32Array(trees.nodes.buffer);
  const row = input.numbers;
  const sums = output.numbers as Float32Array;
  const step: Step = () => {
    sums.fill(0);
    addLeaves(trees, limits, row, sums);
    for (let k = 0; k < targets; k++) sums[k] = Math.fround(sums[k]! / divisor) + base[k]!;
  };
  return step;
};
