// How a node of a forest is split: the best cut of the groups of a feature, or one random cut of a numeric one.
// Categories are always ordered: a random half of them tells too little.
// Breiman 2001; Geurts, Ernst and Wehenkel 2006.
import { minRowsPerLeaf } from "./settings";
import { classes, criterion, entropyTable, oneVersusRest, randomSplits } from "./forest-settings";
import { CATEGORICAL, Feature, MISSING_LEFT } from "./records";
import {
  binList, channels, Group, groupAt, groupList, groupSums, leftSums, payload, rowList, sideTable, sortSpace, totalSums,
} from "./forest-memory";
import { addSums, collectGroups } from "./forest-groups";
import { draw } from "./forest-random";
import { sortKeys } from "./random";

/** The best split of the node so far. */
export let bestWorth: f64 = 0;
export let bestFeature: i32 = -1;
export let bestBin: i32 = 0;
export let bestFlags: i32 = 0;
export let set0: u64 = 0;
export let set1: u64 = 0;
export let set2: u64 = 0;
export let set3: u64 = 0;

/** A split must be worth more than this. */
export function startSearch(worth: f64): void {
  bestWorth = worth;
  bestFeature = -1;
}

/** What sums are worth: higher is purer. The difference of sides and node is the drop of impurity by weight. */
export function worthOf(sums: usize): f64 {
  if (classes == 0) {
    const weight = load<f64>(sums);
    const total = load<f64>(sums, 8);
    return weight > 0 ? (total * total) / weight : 0;
  }
  let weight: f64 = 0;
  let worth: f64 = 0;
  for (let c: usize = 0; c < <usize>classes << 3; c += 8) {
    const own = load<f64>(sums + c);
    weight += own;
    worth += criterion == 0 ? own * own : timesLog(own);
  }
  if (!(weight > 0)) return 0;
  return criterion == 0 ? worth / weight : worth - timesLog(weight);
}

/** x * log(x), 0 for 0. */
@inline
function timesLog(x: f64): f64 {
  if (entropyTable) return load<f64>(entropyTable + (<usize>x << 3));
  return x > 0 ? x * Math.log(x) : 0;
}

/** The same for what `leftSums` leaves of `totalSums`. */
function worthOfRest(): f64 {
  if (classes == 0) {
    const weight = load<f64>(totalSums) - load<f64>(leftSums);
    const total = load<f64>(totalSums, 8) - load<f64>(leftSums, 8);
    return weight > 0 ? (total * total) / weight : 0;
  }
  let weight: f64 = 0;
  let worth: f64 = 0;
  for (let c: usize = 0; c < <usize>classes << 3; c += 8) {
    const own = load<f64>(totalSums + c) - load<f64>(leftSums + c);
    weight += own;
    worth += criterion == 0 ? own * own : timesLog(own);
  }
  if (!(weight > 0)) return 0;
  return criterion == 0 ? worth / weight : worth - timesLog(weight);
}

/** Tries a feature on the rows start..end. Returns false when it is constant there. */
export function tryFeature(number: i32, feature: Feature, start: i32, end: i32): bool {
  if (randomSplits && !feature.categorical) return tryRandomThreshold(number, feature, start, end);
  const count = collectGroups(feature, start, end);
  if (count < 2) return false;
  const rows = end - start;
  if (feature.categorical) {
    if (oneVersusRest) tryEachAgainstRest(number, feature, count, rows);
    else tryOrderedSets(number, feature, count, rows);
    return true;
  }
  // The missing bin is the last one.
  const hasMissing = groupAt(groupList, count - 1).bin == feature.valueBins;
  const values = hasMissing ? count - 1 : count;
  tryThresholds(number, values, -1, rows, hasMissing);
  if (hasMissing) tryThresholds(number, values, count - 1, rows, true);
  return true;
}

/** Every cut of the value groups; group `onLeft` (missing values) goes left with all of them, unless -1. */
function tryThresholds(number: i32, values: i32, onLeft: i32, rows: i32, hasMissing: bool): void {
  memory.fill(leftSums, 0, <usize>channels() << 3);
  let left = 0;
  if (onLeft >= 0) {
    addSums(leftSums, groupSums(groupAt(groupList, onLeft)), 1);
    left = groupAt(groupList, onLeft).rows;
  }
  // The last cut leaves the missing values alone on the right.
  const cuts = hasMissing && onLeft < 0 ? values : values - 1;
  for (let k = 0; k < cuts; k++) {
    const group = groupAt(groupList, k);
    addSums(leftSums, groupSums(group), 1);
    left += group.rows;
    if (left < minRowsPerLeaf || rows - left < minRowsPerLeaf) continue;
    const worth = worthOf(leftSums) + worthOfRest();
    if (worth > bestWorth) take(number, worth, cutAfter(k, values), missingFlag(onLeft >= 0, hasMissing, left, rows));
  }
}

/** Half way between the occupied bins on both sides. */
@inline
function cutAfter(k: i32, values: i32): i32 {
  const bin = groupAt(groupList, k).bin;
  return k + 1 < values ? (bin + groupAt(groupList, k + 1).bin) >> 1 : bin;
}

/** A node without missing values sends later ones to its larger side. */
@inline
function missingFlag(onLeft: bool, hasMissing: bool, left: i32, rows: i32): i32 {
  const goesLeft = hasMissing ? onLeft : left * 2 >= rows;
  return goesLeft ? MISSING_LEFT : 0;
}

/**
 * One cut, uniform over the bins between the lowest and the highest; missing values take a random side. Needs no
 * groups: one pass for the range, one for the sums. Returns false when the feature is constant.
 */
function tryRandomThreshold(number: i32, feature: Feature, start: i32, end: i32): bool {
  const column = <usize>feature.column;
  const missingBin = feature.valueBins;
  let low = 256;
  let high = -1;
  let missing = 0;
  for (let position = <usize>start; position < <usize>end; position++) {
    const bin = <i32>load<u8>(column + <usize>load<u32>(rowList + (position << 2)));
    store<u8>(binList + position, bin);
    const absent = bin == missingBin;
    missing += <i32>absent;
    low = min(low, bin);
    high = max(high, select<i32>(-1, bin, absent));
  }
  if (high < 0 || (low == high && missing == 0)) return false;
  const cut = high > low ? low + draw(high - low) : low;
  const missingLeft = missing > 0 && high > low && draw(2) == 1;
  const left = sumLeft(start, end, cut, missingLeft ? missingBin : -1);
  const rows = end - start;
  if (left < minRowsPerLeaf || rows - left < minRowsPerLeaf) return true;
  const worth = worthOf(leftSums) + worthOfRest();
  if (worth > bestWorth) take(number, worth, cut, missingFlag(missingLeft, missing > 0, left, rows));
  return true;
}

/** Sums the rows up to bin `cut` and those of bin `also` into `leftSums`; returns how many. */
function sumLeft(start: i32, end: i32, cut: i32, also: i32): i32 {
  memory.fill(leftSums, 0, <usize>channels() << 3);
  let left = 0;
  for (let position = <usize>start; position < <usize>end; position++) {
    const bin = <i32>load<u8>(binList + position);
    const inside = <i32>(bin <= cut) | <i32>(bin == also);
    const at = payload + (position << 3);
    const weight = <f64>load<f32>(at) * <f64>inside;
    const label = load<f32>(at, 4);
    left += inside;
    if (classes > 0) {
      const sum = leftSums + (<usize>label << 3);
      store<f64>(sum, load<f64>(sum) + weight);
    } else {
      store<f64>(leftSums, load<f64>(leftSums) + weight);
      store<f64>(leftSums, load<f64>(leftSums, 8) + weight * <f64>label, 8);
    }
  }
  return left;
}

/** Each group alone on the left side. */
function tryEachAgainstRest(number: i32, feature: Feature, count: i32, rows: i32): void {
  for (let k = 0; k < count; k++) {
    const group = groupAt(groupList, k);
    if (group.rows < minRowsPerLeaf || rows - group.rows < minRowsPerLeaf) continue;
    memory.fill(leftSums, 0, <usize>channels() << 3);
    addSums(leftSums, groupSums(group), 1);
    const worth = worthOf(leftSums) + worthOfRest();
    if (!(worth > bestWorth)) continue;
    take(number, worth, 0, CATEGORICAL);
    addToSet(feature, group.bin);
  }
}

/** Groups in the order of their mean label, or of their share of one class; then every cut of that order. */
function tryOrderedSets(number: i32, feature: Feature, count: i32, rows: i32): void {
  const focus = classes > 2 ? draw(classes) : 1;
  for (let k = 0; k < count; k++) {
    const sums = groupSums(groupAt(groupList, k));
    let weight: f64 = 0;
    if (classes == 0) weight = load<f64>(sums);
    else for (let c = 0; c < classes; c++) weight += load<f64>(sums + (<usize>c << 3));
    const ratio = weight > 0 ? load<f64>(sums + (<usize>focus << 3)) / weight : 0;
    const bits = reinterpret<u32>(<f32>ratio);
    const ordered = bits & 0x80000000 ? ~bits : bits | 0x80000000;
    store<u64>(sortSpace + (<usize>k << 3), (<u64>ordered << 32) | <u64>k);
  }
  sortKeys(sortSpace, count);
  memory.fill(leftSums, 0, <usize>channels() << 3);
  let left = 0;
  let cut = 0;
  for (let k = 0; k < count - 1; k++) {
    const group = orderedGroup(k);
    addSums(leftSums, groupSums(group), 1);
    left += group.rows;
    if (left < minRowsPerLeaf || rows - left < minRowsPerLeaf) continue;
    const worth = worthOf(leftSums) + worthOfRest();
    if (!(worth > bestWorth)) continue;
    take(number, worth, 0, CATEGORICAL);
    cut = k + 1;
  }
  for (let k = 0; k < cut; k++) addToSet(feature, orderedGroup(k).bin);
}

@inline
function orderedGroup(k: i32): Group {
  return groupAt(groupList, <i32>(load<u64>(sortSpace + (<usize>k << 3)) & 0xffffffff));
}

function take(number: i32, worth: f64, bin: i32, flags: i32): void {
  bestWorth = worth;
  bestFeature = number;
  bestBin = bin;
  bestFlags = flags;
  set0 = 0;
  set1 = 0;
  set2 = 0;
  set3 = 0;
}

function addToSet(feature: Feature, bin: i32): void {
  if (bin == feature.valueBins) {
    bestFlags |= MISSING_LEFT;
    return;
  }
  const bit = <u64>1 << (bin & 63);
  if (bin < 64) set0 |= bit;
  else if (bin < 128) set1 |= bit;
  else if (bin < 192) set2 |= bit;
  else set3 |= bit;
}

/** Fills `sideTable`: 1 for the bins that the best split sends left. */
export function fillSides(feature: Feature): void {
  for (let bin = 0; bin < 256; bin++) {
    let left = bin <= bestBin;
    if (bestFlags & CATEGORICAL) {
      const word = bin < 64 ? set0 : bin < 128 ? set1 : bin < 192 ? set2 : set3;
      left = ((word >> (bin & 63)) & 1) != 0;
    }
    if (bin == feature.valueBins) left = (bestFlags & MISSING_LEFT) != 0;
    store<u8>(sideTable + <usize>bin, left ? 1 : 0);
  }
}
