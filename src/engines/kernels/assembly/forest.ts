// Grows whole trees, each by one worker, depth first.
import {
  features, labels, maxDepth, minSplitGain, rows, seed, stopAddress, weights, workers,
} from "./settings";
import { bootstrap, classes, featuresPerNode, trees } from "./forest-settings";
import { CATEGORICAL } from "./records";
import { featureAt } from "./histogram";
import {
  channels, featurePool, ForestNode, layOut, leafBytes, leaves, leafValues, nodeAt, nodes, payload, payloadSpare,
  Pending, pendingStack, rowList, rowSpare, sets, sideTable, totalSums,
} from "./forest-memory";
import { clearGroups } from "./forest-groups";
import {
  bestBin, bestFeature, bestFlags, bestWorth, fillSides, set0, set1, set2, set3, startSearch, tryFeature, worthOf,
} from "./forest-split";
import { draw, startStream } from "./forest-random";
import { joinTeam } from "./team";
import { publish, report } from "./host";

let nodeCount: i32 = 0;
let leafCount: i32 = 0;
let setCount: i32 = 0;

/** Grows this worker's share of the trees and publishes each: nodes, sets, leaves. */
export function growForest(worker: i32): void {
  joinTeam(worker);
  layOut();
  clearGroups();
  for (let tree = worker; tree < trees; tree += workers) {
    if (atomic.load<i32>(stopAddress)) return;
    startStream(<u32>seed, tree);
    for (let f = 0; f < features; f++) store<i32>(featurePool + (<usize>f << 2), f);
    growTree(listRows());
    publish(tree, 0, nodes, nodeCount * <i32>offsetof<ForestNode>());
    publish(tree, 1, sets, setCount << 5);
    publish(tree, 2, leaves, leafCount * <i32>leafBytes());
    report(tree, NaN);
  }
}

/** Lists the tree's rows, ascending, with label and weight; returns how many differ. */
function listRows(): i32 {
  // Drawn counts live in the spare list until the rows are listed.
  const counts = rowSpare;
  if (bootstrap) {
    memory.fill(counts, 0, <usize>rows << 2);
    for (let k = 0; k < rows; k++) {
      const at = counts + (<usize>draw(rows) << 2);
      store<i32>(at, load<i32>(at) + 1);
    }
  }
  let listed = 0;
  for (let row = 0; row < rows; row++) {
    const at = <usize>row << 2;
    const times: f32 = bootstrap ? <f32>load<i32>(counts + at) : 1;
    const weight = times * (weights ? load<f32>(weights + at) : 1);
    if (!(weight > 0)) continue;
    store<i32>(rowList + (<usize>listed << 2), row);
    store<f32>(payload + (<usize>listed << 3), weight);
    store<f32>(payload + (<usize>listed << 3), load<f32>(labels + at), 4);
    listed++;
  }
  return listed;
}

function pendingAt(depth: i32): Pending {
  return changetype<Pending>(pendingStack + <usize>depth * offsetof<Pending>());
}

function push(height: i32, start: i32, end: i32, depth: i32, parent: i32, side: i32): i32 {
  const pending = pendingAt(height);
  pending.start = start;
  pending.end = end;
  pending.depth = depth;
  pending.parent = parent;
  pending.side = side;
  return height + 1;
}

function growTree(count: i32): void {
  nodeCount = 0;
  leafCount = 0;
  setCount = 0;
  let height = push(0, 0, count, 0, -1, 0);
  while (height > 0) {
    const next = pendingAt(--height);
    const start = next.start;
    const end = next.end;
    const depth = next.depth;
    const parent = next.parent;
    const side = next.side;
    const pure = sumNode(start, end);
    if (pure || (maxDepth > 0 && depth >= maxDepth) || !findSplit(start, end)) {
      link(parent, side, ~writeLeaf(end - start));
      continue;
    }
    const node = writeNode(end - start);
    link(parent, side, node);
    const middle = partition(start, end);
    // The smaller side is grown first, which bounds the stack.
    const leftFirst = middle - start <= end - middle;
    if (leftFirst) height = push(height, middle, end, depth + 1, node, 1);
    else height = push(height, start, middle, depth + 1, node, 0);
    if (leftFirst) height = push(height, start, middle, depth + 1, node, 0);
    else height = push(height, middle, end, depth + 1, node, 1);
  }
}

@inline
function link(parent: i32, side: i32, child: i32): void {
  if (parent < 0) return;
  const node = nodeAt(parent);
  if (side) node.right = child;
  else node.left = child;
}

/** Sums the node's rows into `totalSums`; true when all labels are equal. */
function sumNode(start: i32, end: i32): bool {
  memory.fill(totalSums, 0, <usize>channels() << 3);
  const first = load<f32>(payload + (<usize>start << 3), 4);
  let pure = true;
  for (let position = start; position < end; position++) {
    const at = payload + (<usize>position << 3);
    const weight = <f64>load<f32>(at);
    const label = load<f32>(at, 4);
    pure = pure && label == first;
    if (classes > 0) {
      const sum = totalSums + (<usize>label << 3);
      store<f64>(sum, load<f64>(sum) + weight);
    } else {
      store<f64>(totalSums, load<f64>(totalSums) + weight);
      store<f64>(totalSums, load<f64>(totalSums, 8) + weight * <f64>label, 8);
    }
  }
  return pure;
}

/** Tries features in random order until enough of them were not constant in this node. */
function findSplit(start: i32, end: i32): bool {
  const own = worthOf(totalSums);
  startSearch(own + minSplitGain + abs(own) * 1e-12);
  let tried = 0;
  for (let k = 0; k < features && tried < featuresPerNode; k++) {
    const at = featurePool + (<usize>k << 2);
    const other = featurePool + (<usize>(k + draw(features - k)) << 2);
    const number = load<i32>(other);
    store<i32>(other, load<i32>(at));
    store<i32>(at, number);
    if (tryFeature(number, featureAt(number), start, end)) tried++;
  }
  return bestFeature >= 0;
}

function writeNode(count: i32): i32 {
  const node = nodeAt(nodeCount);
  node.gain = bestWorth - worthOf(totalSums);
  node.feature = bestFeature;
  node.flags = bestFlags;
  node.bin = bestBin;
  node.rows = count;
  if (bestFlags & CATEGORICAL) {
    const set = sets + (<usize>setCount << 5);
    store<u64>(set, set0);
    store<u64>(set, set1, 8);
    store<u64>(set, set2, 16);
    store<u64>(set, set3, 24);
    node.bin = setCount++;
  }
  return nodeCount++;
}

/** Values: class shares (the second class alone if there are two), or the mean. */
function writeLeaf(count: i32): i32 {
  const leaf = leaves + <usize>leafCount * leafBytes();
  store<i32>(leaf, count);
  if (classes == 0) {
    store<f32>(leaf, <f32>(load<f64>(totalSums, 8) / load<f64>(totalSums)), 4);
    return leafCount++;
  }
  let weight: f64 = 0;
  for (let c = 0; c < classes; c++) weight += load<f64>(totalSums + (<usize>c << 3));
  const skipped = classes - leafValues();
  for (let k = 0; k < leafValues(); k++) {
    const sum = load<f64>(totalSums + (<usize>(k + skipped) << 3));
    store<f32>(leaf + (<usize>k << 2), <f32>(sum / weight), 4);
  }
  return leafCount++;
}

/** Moves the rows of the best split's left side to the front; returns where the right side starts. */
function partition(start: i32, end: i32): i32 {
  const feature = featureAt(bestFeature);
  fillSides(feature);
  const column = <usize>feature.column;
  let left = start;
  let right = 0;
  for (let position = start; position < end; position++) {
    const row = load<u32>(rowList + (<usize>position << 2));
    const own = load<u64>(payload + (<usize>position << 3));
    const goesLeft = load<u8>(sideTable + <usize>load<u8>(column + <usize>row)) != 0;
    const to = goesLeft ? left : right;
    store<u32>((goesLeft ? rowList : rowSpare) + (<usize>to << 2), row);
    store<u64>((goesLeft ? payload : payloadSpare) + (<usize>to << 3), own);
    left += <i32>goesLeft;
    right += <i32>!goesLeft;
  }
  memory.copy(rowList + (<usize>left << 2), rowSpare, <usize>right << 2);
  memory.copy(payload + (<usize>left << 3), payloadSpare, <usize>right << 3);
  return left;
}
