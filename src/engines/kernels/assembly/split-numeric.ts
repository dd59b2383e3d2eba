// The best threshold of a numeric feature, and the side that missing values take.

import { boundedValue, gainOfValue, l1Quantized, l2Quantized, leafGain, minGainQuantized, minHessian } from "./gain";
import { Candidate, Feature, Leaf, MISSING_LEFT } from "./records";
import { below } from "./random";
import { extraTrees, monotone } from "./settings";
import { prefixSums } from "./workspace";

@inline
export function gradientOf(packed: i64): i64 {
  return packed >> 32;
}
@inline
export function hessianOf(packed: i64): i64 {
  return packed & 0xffffffff;
}

/** With fewer rows than this a bin, empty bins are left out of the search. */
const ROWS_PER_BIN: i32 = 1;
/** A random one of so few thresholds would tell too little: all are tried. */
const FEW_BINS: i32 = 4;

let best: v128 = i64x2.splat(0);
let bestId: v128 = i64x2.splat(0);

/** Packed sums over bins 0..k for all value bins; padded with 0 to an even number. Returns the last one. */
export function accumulate(histogram: usize, bins: i32, prefix: usize): i64 {
  let sum: i64 = 0;
  for (let bin = 0; bin < bins; bin++) {
    sum += load<i64>(histogram + (<usize>bin << 3));
    store<i64>(prefix + (<usize>bin << 3), sum);
  }
  store<i64>(prefix + (<usize>bins << 3), 0);
  return sum;
}

/**
 * The same without empty bins: a threshold at an empty bin divides the rows as the one before it does. Returns
 * how many are left. Without branches on the data.
 */
function accumulateUsed(histogram: usize, bins: i32, prefix: usize): i32 {
  let sum: i64 = 0;
  let target = prefix;
  for (let at = histogram, end = histogram + (<usize>bins << 3); at < end; at += 8) {
    const packed = load<i64>(at);
    sum += packed;
    store<i64>(target, sum);
    target += <usize>(packed != 0) << 3;
  }
  store<i64>(target, 0);
  return <i32>((target - prefix) >> 3);
}

/** The bin of a position among those that are not empty. */
function usedBin(histogram: usize, position: i32): i32 {
  let bin = 0;
  for (let before = position; ; bin++) {
    if (load<i64>(histogram + (<usize>bin << 3)) != 0 && before-- == 0) break;
  }
  return bin;
}

/**
 * Leaves one random threshold of those between the lowest and the highest of `used` bins, and the one behind
 * the last bin, which divides values from missing ones. Geurts, Ernst and Wehenkel 2006.
 */
function drawThreshold(histogram: usize, used: i32, prefix: usize, stream: u32): i32 {
  const low = usedBin(histogram, 0);
  drawnHigh = usedBin(histogram, used - 1);
  drawnCut = low + below(drawnHigh - low, stream, 1);
  let k = -1;
  for (let bin = low; bin <= drawnCut; bin++) k += <i32>(load<i64>(histogram + (<usize>bin << 3)) != 0);
  store<i64>(prefix, load<i64>(prefix + (<usize>k << 3)));
  store<i64>(prefix, load<i64>(prefix + (<usize>(used - 1) << 3)), 8);
  store<i64>(prefix, 0, 16);
  return 2;
}
let drawnCut: i32 = 0;
let drawnHigh: i32 = 0;

/** The first of `count` ascending sums whose hessian is at least `limit`. */
function firstReaching(prefix: usize, count: i32, limit: i64): i32 {
  let low = 0;
  let size = count;
  while (size > 0) {
    const half = size >> 1;
    const below = hessianOf(load<i64>(prefix + (<usize>(low + half) << 3))) < limit;
    low = select<i32>(low + half + 1, low, below);
    size = select<i32>(size - half - 1, half, below);
  }
  return low;
}

/** `scan` of the thresholds alone that leave both sides enough. */
function scanAllowed(prefix: usize, bins: i32, shift: i64, leaf: Leaf, firstId: i64): void {
  const least = <i64>Math.ceil(minHessian(leaf));
  const added = hessianOf(shift);
  const from = firstReaching(prefix, bins, least - added) & ~1;
  const to = firstReaching(prefix, bins, leaf.hessian - least - added + 1);
  if (from < to) scan(prefix + (<usize>from << 3), to - from, shift, leaf, firstId + from);
}

/**
 * Scores every threshold, two at a time. `shift` is what missing values add to the left side. Keeps the best
 * in `best` and `bestId` by lane: a later threshold must be strictly better.
 */
export function scan(prefix: usize, bins: i32, shift: i64, leaf: Leaf, firstId: i64): void {
  const total = f64x2.splat(<f64>leaf.gradient);
  const weight = f64x2.splat(<f64>leaf.hessian);
  const least = f64x2.splat(minHessian(leaf));
  const l1 = f64x2.splat(l1Quantized);
  const l2 = f64x2.splat(l2Quantized);
  const zero = f64x2.splat(0);
  const two = i64x2.splat(2);
  const shifts = i64x2.splat(shift);
  let id = i64x2.add(i64x2.splat(firstId), i64x2(0, 1));
  let top = best;
  let topId = bestId;
  for (let at = prefix, end = prefix + (<usize>bins << 3); at < end; at += 16) {
    const packed = i64x2.add(v128.load(at), shifts);
    const left = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(packed, packed, 1, 3, 1, 3));
    const leftWeight = f64x2.convert_low_i32x4_s(v128.shuffle<i32>(packed, packed, 0, 2, 0, 2));
    const rightWeight = f64x2.sub(weight, leftWeight);
    const a = f64x2.pmax(zero, f64x2.sub(f64x2.abs(left), l1));
    const b = f64x2.pmax(zero, f64x2.sub(f64x2.abs(f64x2.sub(total, left)), l1));
    const c = f64x2.add(leftWeight, l2);
    const d = f64x2.add(rightWeight, l2);
    // a * a / c + b * b / d, whose division is left to the few thresholds that may be better.
    const share = f64x2.add(f64x2.mul(f64x2.mul(a, a), d), f64x2.mul(f64x2.mul(b, b), c));
    const whole = f64x2.mul(c, d);
    const allowed = v128.and(f64x2.ge(leftWeight, least), f64x2.ge(rightWeight, least));
    const promising = v128.and(allowed, f64x2.gt(share, f64x2.mul(top, whole)));
    if (v128.any_true(promising)) {
      const gain = f64x2.div(share, whole);
      const better = v128.and(promising, f64x2.gt(gain, top));
      top = v128.bitselect(gain, top, better);
      topId = v128.bitselect(id, topId, better);
    }
    id = i64x2.add(id, two);
  }
  best = top;
  bestId = topId;
}

/** The same under monotone constraints: both children keep within the leaf's bounds and in order. */
function scanBounded(prefix: usize, bins: i32, shift: i64, leaf: Leaf, direction: i32, firstId: i64): void {
  const total = <f64>leaf.gradient;
  const weight = <f64>leaf.hessian;
  const least = minHessian(leaf);
  let top = f64x2.extract_lane(best, 0);
  let topId = i64x2.extract_lane(bestId, 0);
  for (let bin = 0; bin < bins; bin++) {
    const packed = load<i64>(prefix + (<usize>bin << 3)) + shift;
    const left = <f64>gradientOf(packed);
    const leftWeight = <f64>hessianOf(packed);
    if (!(leftWeight >= least && weight - leftWeight >= least)) continue;
    const gain = boundedGain(left, leftWeight, total - left, weight - leftWeight, leaf, l2Quantized, direction);
    if (!(gain > top)) continue;
    top = gain;
    topId = firstId + bin;
  }
  best = f64x2.splat(top);
  bestId = i64x2.splat(topId);
}

/** -Infinity where the children would break the order that `direction` asks for. */
export function boundedGain(
  left: f64, leftWeight: f64, right: f64, rightWeight: f64, leaf: Leaf, l2: f64, direction: i32,
): f64 {
  const leftValue = boundedValue(left, leftWeight, l2, leaf.lower, leaf.upper);
  const rightValue = boundedValue(right, rightWeight, l2, leaf.lower, leaf.upper);
  if (<f64>direction * (rightValue - leftValue) < 0) return -Infinity;
  return gainOfValue(left, leftWeight, l2, leftValue) + gainOfValue(right, rightWeight, l2, rightValue);
}

/** What the leaf is worth unsplit; a split must beat it by the least gain and by rounding noise. */
export function gainToBeat(leaf: Leaf): f64 {
  const gradient = <f64>leaf.gradient;
  const hessian = <f64>leaf.hessian;
  const own = monotone
    ? gainOfValue(gradient, hessian, l2Quantized, boundedValue(gradient, hessian, l2Quantized, leaf.lower, leaf.upper))
    : leafGain(gradient, hessian, l2Quantized);
  return own * (1 + 1e-9) + minGainQuantized;
}

/** Replaces `candidate` where this feature's best split gains more. */
export function splitNumeric(
  number: i32, feature: Feature, histogram: usize, leaf: Leaf, candidate: Candidate, stream: u32,
): void {
  const slots = histogram + feature.offset;
  const prefix = prefixSums();
  const missing = feature.hasMissing ? load<i64>(slots + (<usize>feature.valueBins << 3)) : 0;
  const compact = extraTrees != 0 || leaf.rows < feature.valueBins * ROWS_PER_BIN;
  let bins = feature.valueBins;
  let drawn = false;
  if (compact) {
    bins = accumulateUsed(slots, bins, prefix);
    if (bins == 0) return;
    drawn = extraTrees != 0 && bins > FEW_BINS;
    if (drawn) bins = drawThreshold(slots, bins, prefix, stream);
  } else accumulate(slots, bins, prefix);
  best = f64x2.splat(candidate.worth);
  bestId = i64x2.splat(-1);
  // Without missing rows the last threshold would leave the right side empty.
  const right = missing == 0 ? bins - 1 : bins;
  if (monotone) scanBounded(prefix, right, 0, leaf, feature.monotone, 0);
  else if (compact) scanAllowed(prefix, right, 0, leaf, 0);
  else scan(prefix, right, 0, leaf, 0);
  if (missing != 0) {
    if (monotone) scanBounded(prefix, bins - 1, missing, leaf, feature.monotone, 256);
    else if (compact) scanAllowed(prefix, bins - 1, missing, leaf, 256);
    else scan(prefix, bins - 1, missing, leaf, 256);
  }
  let gain = f64x2.extract_lane(best, 0);
  let id = i64x2.extract_lane(bestId, 0);
  const gain1 = f64x2.extract_lane(best, 1);
  const id1 = i64x2.extract_lane(bestId, 1);
  if (id1 >= 0 && (id < 0 || gain1 > gain || (gain1 == gain && id1 < id))) {
    gain = gain1;
    id = id1;
  }
  if (id < 0) return;
  const position = <i32>id & 255;
  let left = load<i64>(prefix + (<usize>position << 3));
  if (id >= 256) left += missing;
  // Where the leaf has no missing rows, later ones follow the larger side.
  const missingLeft = missing != 0 ? id >= 256 : hessianOf(left) * 2 >= leaf.hessian;
  candidate.worth = gain;
  candidate.feature = number;
  candidate.bin = drawn ? (position == 0 ? drawnCut : drawnHigh) : compact ? usedBin(slots, position) : position;
  candidate.flags = missingLeft ? MISSING_LEFT : 0;
  candidate.left = left;
  candidate.l2 = l2Quantized;
}
