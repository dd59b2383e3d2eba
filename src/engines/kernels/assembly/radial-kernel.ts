// Radial kernels of squared distances, two float64 at a time.

import { multiplyTransposed } from "./dense-product";

/** exp(-s); (1 + r + r^2/3) exp(-r), r = sqrt(10 s); (1 + r) exp(-r), r = sqrt(6 s); exp(-sqrt(2 s)). */
const GAUSSIAN: i32 = 0;
const MATERN_FIVE_HALVES: i32 = 1;
const MATERN_THREE_HALVES: i32 = 2;

/** What rounding leaves between equal rows, as a share of their squared lengths: no distance. */
const ROUNDING: f64 = 1e-14;

/**
 * |a|^2 + |b|^2 - 2 a.b, never negative, into `target` [rowsA][rowsB]; `normsA`, `normsB`: the squared lengths.
 */
export function squaredDistances(
  target: usize, a: usize, normsA: usize, rowsA: i32, b: usize, normsB: usize, rowsB: i32, width: i32,
): void {
  const count = <usize>rowsA * <usize>rowsB;
  memory.fill(target, 0, count << 3);
  multiplyTransposed(target, rowsB, a, width, rowsA, b, width, rowsB, width, -2, 0);
  for (let i = 0; i < rowsA; i++) {
    const own = load<f64>(normsA + (<usize>i << 3));
    const row = target + ((<usize>i * <usize>rowsB) << 3);
    for (let j = 0; j < rowsB; j++) {
      const place = <usize>j << 3;
      const lengths = own + load<f64>(normsB + place);
      const squared = load<f64>(row + place) + lengths;
      store<f64>(row + place, squared > lengths * ROUNDING ? squared : 0);
    }
  }
}

/** Kernel values of `count` squared distances times gamma; `target` may be `source`; both end on spare bytes. */
export function kernelValues(source: usize, target: usize, count: i32, gamma: f64, kind: i32): void {
  const factor = f64x2.splat(gamma);
  for (let k = 0; k < count; k += 2) {
    const offset = <usize>k << 3;
    const scaled = f64x2.mul(v128.load(source + offset), factor);
    if (k + 1 < count) v128.store(target + offset, radial(scaled, kind));
    else store<f64>(target + offset, f64x2.extract_lane(radial(scaled, kind), 0));
  }
}

@inline
function radial(s: v128, kind: i32): v128 {
  if (kind == GAUSSIAN) return expNegative(s);
  if (kind == MATERN_FIVE_HALVES) {
    const r = f64x2.sqrt(f64x2.mul(s, f64x2.splat(10)));
    const third = f64x2.mul(f64x2.mul(r, r), f64x2.splat(1.0 / 3.0));
    return f64x2.mul(f64x2.add(f64x2.add(f64x2.splat(1), r), third), expNegative(r));
  }
  if (kind == MATERN_THREE_HALVES) {
    const r = f64x2.sqrt(f64x2.mul(s, f64x2.splat(6)));
    return f64x2.mul(f64x2.add(f64x2.splat(1), r), expNegative(r));
  }
  return expNegative(f64x2.sqrt(f64x2.mul(s, f64x2.splat(2))));
}

/**
 * e^-x for x >= 0, relative error below 1e-15; 0 beyond 708. 2^n times the Taylor polynomial of degree 13 in
 * |part| <= ln(2) / 2.
 */
@inline
function expNegative(x: v128): v128 {
  const limit = f64x2.splat(708);
  const inside = f64x2.le(x, limit);
  const y = f64x2.neg(f64x2.pmin(x, limit));
  const whole = f64x2.nearest(f64x2.mul(y, f64x2.splat(1.4426950408889634)));
  const high = f64x2.sub(y, f64x2.mul(whole, f64x2.splat(0.6931471803691238)));
  const part = f64x2.sub(high, f64x2.mul(whole, f64x2.splat(1.9082149292705877e-10)));
  let p = f64x2.splat(1.6059043836821613e-10);
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(2.08767569878681e-9));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(2.505210838544172e-8));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(2.755731922398589e-7));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(2.7557319223985893e-6));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(2.48015873015873e-5));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(1.984126984126984e-4));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(1.388888888888889e-3));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(8.333333333333333e-3));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(4.1666666666666664e-2));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(1.6666666666666666e-1));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(0.5));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(1));
  p = f64x2.add(f64x2.mul(p, part), f64x2.splat(1));
  const exponent = i64x2.add(i64x2.extend_low_i32x4_s(i32x4.trunc_sat_f64x2_s_zero(whole)), i64x2.splat(1023));
  return v128.and(f64x2.mul(p, i64x2.shl(exponent, 52)), inside);
}
