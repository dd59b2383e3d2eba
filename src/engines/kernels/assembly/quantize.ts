// Float gradients become int32 pairs, packed so that one int64 addition adds both: gradient << 32 | hessian.
// Integer sums do not depend on the order of the rows, hence on the number of workers.

import { hash } from "./random";
import {
  blockSums, constantHessian, gradientPairs, rowIndex, rowShare, rows, seed, weights, workers,
} from "./settings";
import { BLOCK, blocksOf, mailbox, worker } from "./team";

/** Quantized = round(true * scale). */
export let gradientScale: f64 = 1;
export let hessianScale: f64 = 1;

/**
 * Chooses the scales of this tree from the sums of all blocks, such that no sum can leave 31 bits: rounding
 * adds at most half a unit a row, and a hessian is at least 1. Scaling by the SUM of |gradient| and not by its
 * maximum keeps 2^31 / rows levels below the mean, however skewed losses or weights are.
 * @returns false when every gradient is 0: nothing is left to learn.
 */
export function chooseScales(): bool {
  let absolute: f64 = 0;
  let curvature: f64 = 0;
  for (let block = 0, n = blocksOf(rows); block < n; block++) {
    absolute += load<f64>(blockSums + (<usize>block << 4));
    curvature += load<f64>(blockSums + (<usize>block << 4), 8);
  }
  if (!(absolute > 0 && absolute < Infinity && curvature > 0 && curvature < Infinity)) return false;
  const room = (2147483647.0 - 1.5 * <f64>rows) * (1 - 1e-6);
  // Float32, as the kernel multiplies with it.
  gradientScale = <f64><f32>(room / absolute);
  hessianScale = constantHessian && !weights ? 1 : <f64><f32>(room / curvature);
  return gradientScale < <f64>f32.MAX_VALUE && hessianScale < <f64>f32.MAX_VALUE;
}

/**
 * Quantizes the pairs of this worker's blocks in place and lists the sampled rows in `rowIndex` from `start`.
 * Leaves the sums and the number of rows in the worker's mailbox.
 */
export function quantize(start: i32, stream: u32): void {
  const box = mailbox(worker);
  box.gradient = 0;
  box.hessian = 0;
  let next = rowIndex + (<usize>start << 2);
  const first = next;
  for (let block = worker, n = blocksOf(rows); block < n; block += workers) {
    const from = block * BLOCK;
    const to = min(rows, from + BLOCK);
    quantizeBlock(from, to);
    next = rowShare < 1 ? listSampled(from, to, next, stream) : listAll(from, to, next);
  }
  box.rows = <i32>((next - first) >> 2);
}

/** Two rows a step; padding beyond the last row holds zeros. */
function quantizeBlock(from: i32, to: i32): void {
  const scale = f32x4(<f32>hessianScale, <f32>gradientScale, <f32>hessianScale, <f32>gradientScale);
  const hessians = i32x4(1, 0, 1, 0);
  const zero = f32x4.splat(0);
  let sums = i64x2.splat(0);
  let sumsHigh = i64x2.splat(0);
  const end = gradientPairs + (<usize>to << 3);
  for (let at = gradientPairs + (<usize>from << 3); at < end; at += 16) {
    const pair = v128.load(at);
    const rounded = i32x4.trunc_sat_f32x4_s(f32x4.nearest(f32x4.mul(pair, scale)));
    const least = v128.and(f32x4.gt(pair, zero), hessians);
    const value = v128.bitselect(i32x4.max_s(rounded, least), rounded, i32x4(-1, 0, -1, 0));
    v128.store(at, value);
    sums = i64x2.add(sums, i64x2.extend_low_i32x4_s(value));
    sumsHigh = i64x2.add(sumsHigh, i64x2.extend_high_i32x4_s(value));
  }
  if (rowShare < 1) return;
  const total = i64x2.add(sums, sumsHigh);
  const box = mailbox(worker);
  box.hessian += i64x2.extract_lane(total, 0);
  box.gradient += i64x2.extract_lane(total, 1);
}

function listAll(from: i32, to: i32, next: usize): usize {
  for (let row = from; row < to; row++) {
    store<i32>(next, row);
    next += 4;
  }
  return next;
}

/** Each row is in with probability `rowShare`, decided by a hash of the row and the tree. */
function listSampled(from: i32, to: i32, next: usize, stream: u32): usize {
  const limit = <u64>(rowShare * 4294967296.0);
  const box = mailbox(worker);
  let gradient: i64 = 0;
  let hessian: i64 = 0;
  for (let row = from; row < to; row++) {
    if (!isSampled(row, stream, limit)) continue;
    store<i32>(next, row);
    next += 4;
    hessian += <i64>load<i32>(gradientPairs + (<usize>row << 3));
    gradient += <i64>load<i32>(gradientPairs + (<usize>row << 3), 4);
  }
  box.hessian += hessian;
  box.gradient += gradient;
  return next;
}

@inline
export function isSampled(row: i32, stream: u32, limit: u64): bool {
  return <u64>hash(stream ^ <u32>seed, row) < limit;
}
