// The value of a leaf and what a split gains, in quantized units. Source: Chen and Guestrin 2016, section 2.2,
// with an L1 term as in LightGBM.

import { gradientScale, hessianScale } from "./quantize";
import { Leaf } from "./records";
import { l1, l2, minChildWeight, minRowsPerLeaf, minSplitGain, pathSmoothing } from "./settings";

/** The penalties and limits of the current tree in quantized units. */
export let l1Quantized: f64 = 0;
export let l2Quantized: f64 = 0;
export let minWeightQuantized: f64 = 0;
export let minGainQuantized: f64 = 0;

export function scaleLimits(): void {
  l1Quantized = l1 * gradientScale;
  l2Quantized = l2 * hessianScale;
  minWeightQuantized = minChildWeight * hessianScale;
  minGainQuantized = (minSplitGain * gradientScale * gradientScale) / hessianScale;
}

/** Soft threshold. */
@inline
export function shrink(gradient: f64): f64 {
  return copysign(max(abs(gradient) - l1Quantized, 0), gradient);
}

/** Value of a leaf, within the bounds of monotone constraints. */
@inline
export function boundedValue(gradient: f64, hessian: f64, l2: f64, lower: f64, upper: f64): f64 {
  return min(max(-shrink(gradient) / (hessian + l2), lower), upper);
}

/**
 * A value drawn towards that of the node above as if `pathSmoothing` further rows had it: LightGBM's
 * path_smooth, but for the choice of splits.
 */
@inline
export function smoothed(value: f64, rows: i32, anchor: f64): f64 {
  return pathSmoothing > 0 ? (value * <f64>rows + anchor * pathSmoothing) / (<f64>rows + pathSmoothing) : value;
}

/** Loss reduction (times two) of a leaf with its best value. */
@inline
export function leafGain(gradient: f64, hessian: f64, l2: f64): f64 {
  const g = shrink(gradient);
  return (g * g) / (hessian + l2);
}

/** The same for a given value. */
@inline
export function gainOfValue(gradient: f64, hessian: f64, l2: f64, value: f64): f64 {
  return -(2 * shrink(gradient) * value + (hessian + l2) * value * value);
}

/**
 * The least hessian a child may have. Rows are not counted by bin: their number is estimated from the share
 * of the hessian, and grow.ts checks the real number afterwards.
 */
@inline
export function minHessian(leaf: Leaf): f64 {
  const byRows = ((<f64>minRowsPerLeaf - 0.5) * leaf.strictness * <f64>leaf.hessian) / <f64>leaf.rows;
  return max(byRows, max(minWeightQuantized, 0.5));
}
