// The private memory of a worker that grows trees.
import { features, rows } from "./settings";
import { classes, nodeCapacity } from "./forest-settings";
import { privateMemory } from "./team";

/** A split. Published as 8 int32: the gain takes two. */
@unmanaged
export class ForestNode {
  gain: f64;
  feature: i32;
  /** Numeric: the last bin that goes left. Categorical: the number of the set. */
  bin: i32;
  flags: i32;
  /** Node, or ~leaf. */
  left: i32;
  right: i32;
  rows: i32;
}

/** Sums over the rows of a node that share a bin; `channels` float64 follow. */
@unmanaged
export class Group {
  bin: i32;
  rows: i32;
}

/** A part of the tree that is still to be grown. */
@unmanaged
export class Pending {
  start: i32;
  end: i32;
  depth: i32;
  parent: i32;
  side: i32;
  reserved: i32;
}

/** Float64 sums of a group: weight of each class, or weight and weighted label. */
@inline
export function channels(): i32 {
  return classes > 0 ? classes : 2;
}
@inline
export function groupBytes(): usize {
  return offsetof<Group>() + (<usize>channels() << 3);
}

/** 256 bins and the missing one, twice: by bin, and without gaps. */
const GROUPS: i32 = 260;
/** Larger children wait, so the stack is no deeper than log2(rows). */
const STACK: i32 = 64;

let base: usize = 0;
export let rowList: usize = 0;
/** By position in `rowList`: float32 weight, float32 label. */
export let payload: usize = 0;
export let rowSpare: usize = 0;
export let payloadSpare: usize = 0;
export let binGroups: usize = 0;
export let groupList: usize = 0;
/** Sums of the node, of the left side tried, of the missing rows. */
export let totalSums: usize = 0;
export let leftSums: usize = 0;
/** uint64 [260]. */
export let sortSpace: usize = 0;
/** uint8 [256]. */
export let sideTable: usize = 0;
/** int32 [features]. */
export let featurePool: usize = 0;
/** uint8 [rows]: the bins of a node's rows in one feature, by position. */
export let binList: usize = 0;
export let pendingStack: usize = 0;
export let nodes: usize = 0;
/** 32 bytes each. */
export let sets: usize = 0;
/** int32 rows, then float32 values: one for each class but the first if there are two; or the mean. */
export let leaves: usize = 0;

@inline
function take(bytes: usize): usize {
  const address = base;
  base += (bytes + 15) & ~15;
  return address;
}

/** Lays out the worker's memory; engines/kernels/forest.ts allocates it. */
export function layOut(): void {
  base = privateMemory();
  const count = <usize>rows + 16;
  rowList = take(count << 2);
  rowSpare = take(count << 2);
  payload = take(count << 3);
  payloadSpare = take(count << 3);
  binGroups = take(<usize>GROUPS * groupBytes());
  groupList = take(<usize>GROUPS * groupBytes());
  totalSums = take(<usize>channels() << 3);
  leftSums = take(<usize>channels() << 3);
  sortSpace = take(<usize>GROUPS << 3);
  sideTable = take(256);
  featurePool = take(<usize>features << 2);
  binList = take(count);
  pendingStack = take(<usize>STACK * offsetof<Pending>());
  nodes = take(<usize>nodeCapacity * offsetof<ForestNode>());
  sets = take(<usize>nodeCapacity << 5);
  leaves = take((<usize>nodeCapacity + 1) * leafBytes());
}

@inline
export function leafValues(): i32 {
  return classes > 2 ? classes : 1;
}
@inline
export function leafBytes(): usize {
  return 4 + (<usize>leafValues() << 2);
}
@inline
export function nodeAt(number: i32): ForestNode {
  return changetype<ForestNode>(nodes + <usize>number * offsetof<ForestNode>());
}
@inline
export function groupAt(list: usize, number: i32): Group {
  return changetype<Group>(list + <usize>number * groupBytes());
}
@inline
export function groupSums(group: Group): usize {
  return changetype<usize>(group) + offsetof<Group>();
}
