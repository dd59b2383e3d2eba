// The rows of a node, summed by bin of one feature.
import { Feature } from "./records";
import { classes } from "./forest-settings";
import {
  binGroups, channels, Group, groupAt, groupBytes, groupList, groupSums, payload, rowList, sortSpace,
} from "./forest-memory";
import { sortKeys } from "./random";

/** Nodes up to this size are sorted instead of spread over the bins. */
const FEW_ROWS: i32 = 32;

@inline
function addRow(group: Group, position: usize): void {
  const weight = <f64>load<f32>(payload + (position << 3));
  const label = <f64>load<f32>(payload + (position << 3), 4);
  const sums = groupSums(group);
  group.rows++;
  if (classes > 0) {
    const at = sums + (<usize>label << 3);
    store<f64>(at, load<f64>(at) + weight);
  } else {
    store<f64>(sums, load<f64>(sums) + weight);
    store<f64>(sums, load<f64>(sums, 8) + weight * label, 8);
  }
}

/** Must be called once before the first node: the groups by bin are kept clear between features. */
export function clearGroups(): void {
  memory.fill(binGroups, 0, 260 * groupBytes());
}

/** Fills `groupList` with the occupied bins of the rows start..end, ascending; returns how many. */
export function collectGroups(feature: Feature, start: i32, end: i32): i32 {
  return end - start <= FEW_ROWS ? collectFew(feature, start, end) : collectMany(feature, start, end);
}

function collectMany(feature: Feature, start: i32, end: i32): i32 {
  const column = <usize>feature.column;
  let first = 256;
  let last = -1;
  for (let position = start; position < end; position++) {
    const bin = <i32>load<u8>(column + <usize>load<u32>(rowList + (<usize>position << 2)));
    first = min(first, bin);
    last = max(last, bin);
    addRow(groupAt(binGroups, bin), position);
  }
  const size = groupBytes();
  let count = 0;
  for (let bin = first; bin <= last; bin++) {
    const group = groupAt(binGroups, bin);
    if (group.rows == 0) continue;
    group.bin = bin;
    memory.copy(changetype<usize>(groupAt(groupList, count++)), changetype<usize>(group), size);
    memory.fill(changetype<usize>(group), 0, size);
  }
  return count;
}

function collectFew(feature: Feature, start: i32, end: i32): i32 {
  const column = <usize>feature.column;
  for (let position = start; position < end; position++) {
    const bin = <u64>load<u8>(column + <usize>load<u32>(rowList + (<usize>position << 2)));
    store<u64>(sortSpace + (<usize>(position - start) << 3), (bin << 32) | <u64>position);
  }
  sortKeys(sortSpace, end - start);
  let count = 0;
  let group = groupAt(groupList, 0);
  for (let k = 0; k < end - start; k++) {
    const key = load<u64>(sortSpace + (<usize>k << 3));
    const bin = <i32>(key >> 32);
    if (count == 0 || group.bin != bin) {
      group = groupAt(groupList, count++);
      memory.fill(changetype<usize>(group), 0, groupBytes());
      group.bin = bin;
    }
    addRow(group, <usize>(key & 0xffffffff));
  }
  return count;
}

/** target += sign * the group's sums. */
@inline
export function addSums(target: usize, sums: usize, sign: f64): void {
  for (let c: usize = 0; c < <usize>channels() << 3; c += 8) {
    store<f64>(target + c, load<f64>(target + c) + sign * load<f64>(sums + c));
  }
}
