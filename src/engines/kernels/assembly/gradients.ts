// First and second derivatives of the loss by the score, four rows at a time, as float32 pairs
// {hessian, gradient}. Sources: LightGBM's objective functions; Tweedie: Jorgensen 1987.
import { exp4, sigmoid4 } from "./exp";
import {
  blockSums, gradientPairs, labels, normalizers, objective, objectiveParameter, outputs, rows, scores, weights,workers 
} from "./settings";
import { BLOCK, blocksOf, worker } from "./team";

export const BINARY: i32 = 0;
export const MULTICLASS: i32 = 1;
export const SQUARED: i32 = 2;
export const ABSOLUTE: i32 = 3;
export const HUBER: i32 = 4;
export const QUANTILE: i32 = 5;
export const POISSON: i32 = 6;
export const TWEEDIE: i32 = 7;

let gradient: v128 = i32x4.splat(0);
let hessian: v128 = i32x4.splat(0);

/** Sets `gradient` and `hessian` for four rows. */
@inline
function derive(score: v128, label: v128, normalizer: v128, output: i32): void {
  const one = f32x4.splat(1);
  if (objective == BINARY) {
    const p = sigmoid4(score);
    gradient = f32x4.sub(p, label);
    hessian = f32x4.mul(p, f32x4.sub(one, p));
  } else if (objective == MULTICLASS) {
    const p = exp4(f32x4.sub(score, normalizer));
    const hit = v128.and(f32x4.eq(label, f32x4.splat(<f32>output)), one);
    gradient = f32x4.sub(p, hit);
    const factor = f32x4.splat(<f32>outputs / <f32>(outputs - 1));
    hessian = f32x4.mul(f32x4.mul(factor, p), f32x4.max(f32x4.sub(one, p), f32x4.splat(0)));
  } else if (objective == POISSON) {
    const rate = exp4(score);
    gradient = f32x4.sub(rate, label);
    hessian = f32x4.mul(rate, exp4(f32x4.splat(<f32>objectiveParameter)));
  } else if (objective == TWEEDIE) {
    deriveTweedie(score, label);
  } else {
    deriveDistance(f32x4.sub(score, label));
  }
}

@inline
function deriveTweedie(score: v128, label: v128): void {
  const low = <f32>(1 - objectiveParameter);
  const high = <f32>(2 - objectiveParameter);
  const a = f32x4.mul(label, exp4(f32x4.mul(f32x4.splat(low), score)));
  const b = exp4(f32x4.mul(f32x4.splat(high), score));
  gradient = f32x4.sub(b, a);
  hessian = f32x4.sub(f32x4.mul(f32x4.splat(high), b), f32x4.mul(f32x4.splat(low), a));
}

/** Losses of the difference score - label alone; their hessian is taken as 1. */
@inline
function deriveDistance(difference: v128): void {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  hessian = one;
  if (objective == SQUARED) {
    gradient = difference;
  } else if (objective == HUBER) {
    const delta = f32x4.splat(<f32>objectiveParameter);
    gradient = f32x4.max(f32x4.min(difference, delta), f32x4.neg(delta));
  } else if (objective == ABSOLUTE) {
    const above = v128.and(f32x4.gt(difference, zero), one);
    gradient = f32x4.sub(above, v128.and(f32x4.lt(difference, zero), one));
  } else {
    const level = <f32>objectiveParameter;
    const above = f32x4.ge(difference, zero);
    gradient = v128.bitselect(f32x4.splat(1 - level), f32x4.splat(-level), above);
  }
}

/** Computes the pairs of this worker's blocks for one output, and each block's sums of |gradient| and hessian. */
export function gradients(output: i32): void {
  for (let block = worker, n = blocksOf(rows); block < n; block += workers) {
    gradientBlock(output, block, block * BLOCK, min(rows, (block + 1) * BLOCK));
  }
}

function gradientBlock(output: i32, block: i32, start: i32, end: i32): void {
  const scoreStart = scores + ((<usize>output * <usize>rows) << 2);
  let absolute = f64x2.splat(0);
  let curvature = f64x2.splat(0);
  for (let row = start; row < end; row += 4) {
    const at = <usize>row << 2;
    const normalizer = objective == MULTICLASS ? v128.load(normalizers + at) : i32x4.splat(0);
    derive(v128.load(scoreStart + at), v128.load(labels + at), normalizer, output);
    let g = gradient;
    let h = hessian;
    if (weights) {
      const weight = v128.load(weights + at);
      g = f32x4.mul(g, weight);
      h = f32x4.mul(h, weight);
    }
    if (row + 4 > end) {
      const inside = i32x4.lt_s(i32x4.add(i32x4.splat(row), i32x4(0, 1, 2, 3)), i32x4.splat(end));
      g = v128.and(g, inside);
      h = v128.and(h, inside);
    }
    v128.store(gradientPairs + (at << 1), v128.shuffle<i32>(h, g, 0, 4, 1, 5));
    v128.store(gradientPairs + (at << 1), v128.shuffle<i32>(h, g, 2, 6, 3, 7), 16);
    const size = f32x4.abs(g);
    absolute = f64x2.add(absolute, addHalves(size));
    curvature = f64x2.add(curvature, addHalves(h));
  }
  const sums = blockSums + (<usize>block << 4);
  store<f64>(sums, f64x2.extract_lane(absolute, 0) + f64x2.extract_lane(absolute, 1));
  store<f64>(sums, f64x2.extract_lane(curvature, 0) + f64x2.extract_lane(curvature, 1), 8);
}

@inline
function addHalves(x: v128): v128 {
  return f64x2.add(f64x2.promote_low_f32x4(x), f64x2.promote_low_f32x4(v128.shuffle<i32>(x, x, 2, 3, 2, 3)));
}

/** Softmax: log of the sum of exponentials of the scores, for this worker's blocks. */
export function normalize(): void {
  for (let block = worker, n = blocksOf(rows); block < n; block += workers) {
    const end = min(rows, (block + 1) * BLOCK);
    logSumExp(scores, <usize>rows << 2, block * BLOCK, end, normalizers);
  }
}

/** Rows start..end of scores [outputs][stride bytes] into float32 `result`; result is padded to 4 rows. */
export function logSumExp(from: usize, stride: usize, start: i32, end: i32, result: usize): void {
  for (let row = start; row < end; row += 4) {
    const at = from + (<usize>row << 2);
    let top = v128.load(at);
    for (let k = 1; k < outputs; k++) top = f32x4.max(top, v128.load(at + <usize>k * stride));
    let sum = f32x4.splat(0);
    for (let k = 0; k < outputs; k++) {
      sum = f32x4.add(sum, exp4(f32x4.sub(v128.load(at + <usize>k * stride), top)));
    }
    const logs = f32x4(
      Mathf.log(f32x4.extract_lane(sum, 0)), Mathf.log(f32x4.extract_lane(sum, 1)),
      Mathf.log(f32x4.extract_lane(sum, 2)), Mathf.log(f32x4.extract_lane(sum, 3)),
    );
    v128.store(result + (<usize>row << 2), f32x4.add(top, logs));
  }
}
