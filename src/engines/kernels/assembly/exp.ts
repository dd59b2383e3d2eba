/** e^x in four lanes: 2^n times a polynomial of degree 6; relative error below 3e-7 for |x| <= 80, clamped
 * beyond. */
@inline
export function exp4(x: v128): v128 {
  const clamped = f32x4.max(f32x4.min(x, f32x4.splat(80)), f32x4.splat(-80));
  const z = f32x4.mul(clamped, f32x4.splat(1.44269504088896341));
  const whole = f32x4.nearest(z);
  const part = f32x4.sub(z, whole);
  let p = f32x4.splat(0.000154035303933816);
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.00133335581464284));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.00961812910762848));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.0555041086648216));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.240226506959101));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(0.693147180559945));
  p = f32x4.add(f32x4.mul(p, part), f32x4.splat(1.0));
  const exponent = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(whole), i32x4.splat(127)), 23);
  return f32x4.mul(p, exponent);
}

@inline
export function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}
