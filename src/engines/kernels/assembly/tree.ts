// The tree that is being written, and its application to binned rows.

import { featureAt } from "./histogram";
import { gradientScale, hessianScale } from "./quantize";
import { CATEGORICAL, Candidate, Leaf, MISSING_LEFT } from "./records";
import {
  leafCoefficients, leafRows, leafTerms, leafValue, linearLeaves, maxLeaves, nodeBin, nodeFeature, nodeFlags, nodeGain, nodeLeft,
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

/** Clears what a tree may leave unwritten; only trees that are grown touch their memory. */
export function clearTree(tree: i32): void {
  const nodes = <usize>(maxLeaves - 1);
  const at = firstNode(tree) << 2;
  for (let k = 0; k < 5; k++) {
    const array = k == 0 ? nodeFeature : k == 1 ? nodeBin : k == 2 ? nodeFlags : k == 3 ? nodeLeft : nodeRight;
    memory.fill(array + at, 0, nodes << 2);
  }
  memory.fill(nodeGain + (at << 1), 0, nodes << 3);
  memory.fill(nodeSets + (at << 3), 0, nodes << 5);
  const leaf = <usize>tree * <usize>maxLeaves;
  memory.fill(leafValue + (leaf << 3), 0, <usize>maxLeaves << 3);
  memory.fill(leafRows + (leaf << 2), 0, <usize>maxLeaves << 2);
  if (!linearLeaves) return;
  memory.fill(leafTerms + (leaf << 5), 0xff, <usize>maxLeaves << 5);
  memory.fill(leafCoefficients + (leaf << 6), 0, <usize>maxLeaves << 6);
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
