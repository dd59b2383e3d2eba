// The private scratch of a worker.

import { Candidate, Leaf } from "./records";
import { features, maxLeaves, workspace, workspaceBytes } from "./settings";
import { privateMemory, worker } from "./team";

/** 256 packed int64 and padding. */
const PREFIX: usize = 0;
/** 64 packed int64. */
const GATHER: usize = 2304;
/** uint8 [256]. */
const LEFT_TABLE: usize = 2816;
/** uint64 [256]. */
const KEYS: usize = 3072;
/** One `Candidate`. */
const SPLIT: usize = 5120;
const POOLS: usize = 5248;

/**
 * The host allocates POOLS, 8 bytes a feature, a `Leaf` for each leaf and, with linear leaves, what they need;
 * see boosting-layout.ts.
 */
@inline
export function prefixSums(): usize {
  return privateMemory() + PREFIX;
}
@inline
export function gatherBuffer(): usize {
  return privateMemory() + GATHER;
}
@inline
export function leftTable(): usize {
  return privateMemory() + LEFT_TABLE;
}
@inline
export function keyBuffer(): usize {
  return privateMemory() + KEYS;
}
/** int32: the features of the current tree. */
@inline
export function treeFeatures(): usize {
  return privateMemory() + POOLS;
}
/** int32: the features of the current leaf. */
@inline
export function leafFeatures(): usize {
  return privateMemory() + POOLS + (<usize>features << 2);
}
/** The worker's own copy of the split being made: candidates in shared memory are replaced while it is used. */
@inline
export function currentSplit(): Candidate {
  return changetype<Candidate>(privateMemory() + SPLIT);
}
@inline
export function leafAt(number: i32): Leaf {
  return leafOf(worker, number);
}
/** Where the scratch of linear leaves begins, see linear-leaves.ts. */
@inline
export function linearScratch(): usize {
  return (changetype<usize>(leafAt(maxLeaves)) + 15) & ~15;
}
/** Another worker's record of the same leaf, which differs in its range of rows. */
@inline
export function leafOf(owner: i32, number: i32): Leaf {
  const pools = workspace + <usize>owner * <usize>workspaceBytes + POOLS;
  return changetype<Leaf>(((pools + <usize>features * 8 + 7) & ~7) + <usize>number * offsetof<Leaf>());
}
