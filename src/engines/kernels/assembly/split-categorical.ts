// Splits of the categories of a feature into two sets. Few categories: one against the rest. Many: sorted by
// gradient / (hessian + smoothing), then the best cut of the sorted list from either end, which finds the
// optimal partition for a convex loss (Fisher 1958; LightGBM's FindBestThresholdCategorical). The missing bin
// takes part as a category of its own.

import { l2Quantized, leafGain, minHessian } from "./gain";
import { hessianScale } from "./quantize";
import { below, sortKeys } from "./random";
import { CATEGORICAL, Candidate, Feature, Leaf, MISSING_LEFT } from "./records";
import {
  categoryL2, categorySmoothing, extraTrees, maxCategoriesPerSplit, minRowsPerCategoryGroup, monotone, oneVersusRestLimit,
} from "./settings";
import { boundedGain, gradientOf, hessianOf } from "./split-numeric";
import { keyBuffer } from "./workspace";

export function splitCategorical(
  number: i32, feature: Feature, histogram: usize, leaf: Leaf, candidate: Candidate, stream: u32,
): void {
  const slots = histogram + feature.offset;
  const bins = feature.valueBins + feature.hasMissing;
  let used = 0;
  for (let bin = 0; bin < bins; bin++) used += <i32>(hessianOf(load<i64>(slots + (<usize>bin << 3))) > 0);
  if (used < 2) return;
  if (used <= oneVersusRestLimit) oneAgainstRest(number, feature, slots, bins, leaf, candidate);
  else cutSorted(number, feature, slots, bins, leaf, candidate, stream);
}

@inline
function worthOf(left: i64, leaf: Leaf, l2: f64): f64 {
  const gradient = <f64>gradientOf(left);
  const hessian = <f64>hessianOf(left);
  const right = <f64>leaf.gradient - gradient;
  const rightHessian = <f64>leaf.hessian - hessian;
  if (monotone) return boundedGain(gradient, hessian, right, rightHessian, leaf, l2, 0);
  return leafGain(gradient, hessian, l2) + leafGain(right, rightHessian, l2);
}

function oneAgainstRest(
  number: i32, feature: Feature, slots: usize, bins: i32, leaf: Leaf, candidate: Candidate,
): void {
  const least = minHessian(leaf);
  const most = <f64>leaf.hessian - least;
  for (let bin = 0; bin < bins; bin++) {
    const left = load<i64>(slots + (<usize>bin << 3));
    const hessian = <f64>hessianOf(left);
    if (!(hessian >= least && hessian <= most)) continue;
    const worth = worthOf(left, leaf, l2Quantized);
    if (!(worth > candidate.worth)) continue;
    take(candidate, number, left, worth, l2Quantized);
    addToSet(candidate, feature, bin);
  }
}

/** Sort keys: the ratio in the order of its float32 bits, then the bin, so that equal ratios keep an order. */
function sortBins(slots: usize, bins: i32, leaf: Leaf): i32 {
  const keys = keyBuffer();
  const smoothing = categorySmoothing * <f64>leaf.hessian / <f64>leaf.rows;
  let count = 0;
  for (let bin = 0; bin < bins; bin++) {
    const packed = load<i64>(slots + (<usize>bin << 3));
    const hessian = <f64>hessianOf(packed);
    if (!(hessian > 0)) continue;
    const bits = reinterpret<u32>(<f32>(<f64>gradientOf(packed) / (hessian + smoothing)));
    const ordered = bits & 0x80000000 ? ~bits : bits | 0x80000000;
    store<u64>(keys + (<usize>count << 3), (<u64>ordered << 8) | <u64>bin);
    count++;
  }
  sortKeys(keys, count);
  return count;
}

@inline
function sortedBin(position: i32): i32 {
  return <i32>load<u64>(keyBuffer() + (<usize>position << 3)) & 255;
}

/** With random thresholds, one random cut of the list stands for all. */
function cutSorted(
  number: i32, feature: Feature, slots: usize, bins: i32, leaf: Leaf, candidate: Candidate, stream: u32,
): void {
  const count = sortBins(slots, bins, leaf);
  const longest = min(maxCategoriesPerSplit, (count + 1) >> 1);
  const l2 = l2Quantized + categoryL2 * hessianScale;
  const least = minHessian(leaf);
  const leastGroup = <f64>minRowsPerCategoryGroup * <f64>leaf.hessian / <f64>leaf.rows;
  const drawn = extraTrees ? below(2 * longest, stream, 1) : -1;
  let cut = 0;
  let fromTop = false;
  for (let end = 0; end < 2; end++) {
    let left: i64 = 0;
    let group: f64 = 0;
    for (let k = 0; k < longest; k++) {
      const packed = load<i64>(slots + (<usize>sortedBin(end ? count - 1 - k : k) << 3));
      left += packed;
      group += <f64>hessianOf(packed);
      const rest = <f64>leaf.hessian - <f64>hessianOf(left);
      if (!(rest >= least && rest >= leastGroup)) break;
      if (!(<f64>hessianOf(left) >= least && group >= leastGroup)) continue;
      group = 0;
      if (drawn >= 0 && drawn != end * longest + k) continue;
      const worth = worthOf(left, leaf, l2);
      if (!(worth > candidate.worth)) continue;
      take(candidate, number, left, worth, l2);
      cut = k + 1;
      fromTop = end == 1;
    }
  }
  for (let k = 0; k < cut; k++) addToSet(candidate, feature, sortedBin(fromTop ? count - 1 - k : k));
}

function take(candidate: Candidate, number: i32, left: i64, worth: f64, l2: f64): void {
  candidate.worth = worth;
  candidate.feature = number;
  candidate.left = left;
  candidate.l2 = l2;
  candidate.bin = 0;
  candidate.flags = CATEGORICAL;
  candidate.set0 = 0;
  candidate.set1 = 0;
  candidate.set2 = 0;
  candidate.set3 = 0;
}

/** The missing bin is a flag, not a member. */
function addToSet(candidate: Candidate, feature: Feature, bin: i32): void {
  if (bin == feature.valueBins) {
    candidate.flags |= MISSING_LEFT;
    return;
  }
  const word = changetype<usize>(candidate) + offsetof<Candidate>("set0") + (<usize>(bin >> 6) << 3);
  store<u64>(word, load<u64>(word) | (<u64>1 << (bin & 63)));
}
