// Moves the rows of a leaf so that those of the left child come first. Both sides keep their order.

import { CATEGORICAL, Candidate, Feature, Leaf, MISSING_LEFT } from "./records";
import { rowIndex, rowScratch } from "./settings";
import { leftTable } from "./workspace";

/** uint8 [256] by bin: 1 where the split sends it left. */
function fillLeftTable(table: usize, split: Candidate, feature: Feature): void {
  if (split.flags & CATEGORICAL) {
    const words = changetype<usize>(split) + offsetof<Candidate>("set0");
    for (let bin = 0; bin < 256; bin++) {
      const word = load<u64>(words + ((<usize>(bin >> 6)) << 3));
      store<u8>(table + <usize>bin, <u8>((word >> (bin & 63)) & 1));
    }
  } else {
    memory.fill(table, 0, 256);
    memory.fill(table, 1, <usize>split.bin + 1);
  }
  store<u8>(table + <usize>feature.valueBins, split.flags & MISSING_LEFT ? 1 : 0);
}

/** Partitions this worker's rows of the leaf; returns how many went left. Without branches on the data. */
export function partition(leaf: Leaf, split: Candidate, feature: Feature): i32 {
  const table = leftTable();
  fillLeftTable(table, split, feature);
  const column = <usize>feature.column;
  const first = rowIndex + ((<usize>leaf.start) << 2);
  const last = rowIndex + ((<usize>leaf.end) << 2);
  const scratch = rowScratch + ((<usize>leaf.start) << 2);
  let left = first;
  let right = scratch;
  for (let at = first; at < last; at += 4) {
    const row = load<u32>(at);
    const step = (<usize>load<u8>(table + <usize>load<u8>(column + <usize>row))) << 2;
    store<u32>(left, row);
    store<u32>(right, row);
    left += step;
    right += 4 - step;
  }
  memory.copy(left, scratch, right - scratch);
  return <i32>((left - first) >> 2);
}
