// The tree that is being written, and its application to binned rows.

import { featureAt } from "./histogram";
import { gradientScale, hessianScale } from "./quantize";
import { CATEGORICAL, Candidate, Leaf, MISSING_LEFT } from "./records";
import {
  leafRows, leafValue, maxLeaves, nodeBin, nodeFeature, nodeFlags, nodeGain, nodeLeft,
  nodeRight, nodeSets,
} from "./settings";

@inline
export function firstNode(tree: i32): usize {
  return <usize>tree * <usize>(maxLeaves - 1);
}
@inline
export function valueAddress(tree: i32, leaf: i32): usize {
  return leafValue + ((<usize>tree * <usize>maxLeaves + <usize>leaf) << 3);
}

/** Writes node `number`, whose children are two leaves for now, and links it to its parent. */
export function writeNode(tree: i32, number: i32, leaf: Leaf, leafNumber: i32, newLeaf: i32, split: Candidate): void {
  const base = firstNode(tree);
  const at = (base + <usize>number) << 2;
  store<i32>(nodeFeature + at, split.feature);
  store<i32>(nodeBin + at, split.bin);
  store<i32>(nodeFlags + at, split.flags);
  store<i32>(nodeLeft + at, ~leafNumber);
  store<i32>(nodeRight + at, ~newLeaf);
  // Half, since gains are kept times two; back in units of the loss.
  store<f64>(nodeGain + (at << 1), (0.5 * split.gain * hessianScale) / (gradientScale * gradientScale));
  if (split.flags & CATEGORICAL) {
    memory.copy(nodeSets + (at << 3), changetype<usize>(split) + offsetof<Candidate>("set0"), 32);
  }
  if (leaf.parent < 0) return;
  const child = leaf.side ? nodeRight : nodeLeft;
  store<i32>(child + ((base + <usize>leaf.parent) << 2), number);
}

export function writeLeafRows(tree: i32, leaf: i32, rows: i32): void {
  store<i32>(leafRows + ((<usize>tree * <usize>maxLeaves + <usize>leaf) << 2), rows);
}

/** The leaf that a binned row [features] falls in. */
export function findLeaf(tree: i32, line: usize): i32 {
  const base = firstNode(tree);
  let node = 0;
  while (node >= 0) {
    const at = (base + <usize>node) << 2;
    const number = load<i32>(nodeFeature + at);
    const bin = <i32>load<u8>(line + <usize>number);
    node = load<i32>((goesLeft(at, bin, number) ? nodeLeft : nodeRight) + at);
  }
  return ~node;
}

@inline
function goesLeft(at: usize, bin: i32, number: i32): bool {
  const flags = load<i32>(nodeFlags + at);
  if (bin == featureAt(number).valueBins) return (flags & MISSING_LEFT) != 0;
  if (flags & CATEGORICAL) {
    const word = load<u64>(nodeSets + (at << 3) + (<usize>(bin >> 6) << 3));
    return ((word >> (bin & 63)) & 1) != 0;
  }
  return bin <= load<i32>(nodeBin + at);
}
