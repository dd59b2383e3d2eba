/** The normal distribution in double precision, tails included. */

/** Chebyshev coefficients of log(erfc(x) exp(x^2) / t) with t = 2 / (2 + x) (Numerical Recipes, 3rd ed., 6.2.2). */
const COEFFICIENTS = [
  -1.3026537197817094, 0.6419697923564902, 1.9476473204185836e-2, -9.561514786808631e-3, -9.46595344482036e-4,
  3.66839497852761e-4, 4.2523324806907e-5, -2.0278578112534e-5, -1.624290004647e-6, 1.30365583558e-6,
  1.5626441722e-8, -8.5238095915e-8, 6.529054439e-9, 5.059343495e-9, -9.91364156e-10, -2.27365122e-10,
  9.6467911e-11, 2.394038e-12, -6.886027e-12, 8.94487e-13, 3.13092e-13, -1.12708e-13, 3.81e-16, 7.106e-15,
  -1.523e-15, -9.4e-17, 1.21e-16, -2.8e-17,
];
const SQRT_HALF = Math.SQRT1_2;
const SQRT_HALF_PI = Math.sqrt(Math.PI / 2);
const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

/** erfc(x) exp(x^2) for x >= 0. */
function scaledComplement(x: number): number {
  const t = 2 / (2 + x);
  const y = 4 * t - 2;
  let current = 0;
  let previous = 0;
  for (let k = COEFFICIENTS.length - 1; k > 0; k--) {
    const kept = current;
    current = y * current - previous + COEFFICIENTS[k]!;
    previous = kept;
  }
  return t * Math.exp(0.5 * (COEFFICIENTS[0]! + y * current) - previous);
}

/** P(Z <= z) of a standard normal Z; relative error about 1e-15, also far down the lower tail. */
export function normalCdf(z: number): number {
  const x = Math.abs(z) * SQRT_HALF;
  const tail = 0.5 * scaledComplement(x) * Math.exp(-x * x);
  return z > 0 ? 1 - tail : tail;
}

export function normalLogDensity(z: number): number {
  return -0.5 * z * z - LOG_SQRT_2PI;
}

/** P(from <= Z <= to), without cancellation where both lie in one tail. */
export function normalMass(from: number, to: number): number {
  return from > 0 ? normalCdf(-from) - normalCdf(-to) : normalCdf(to) - normalCdf(from);
}

/** P(Z <= z) / density(z); finite for z below about 38. */
export function millsRatio(z: number): number {
  if (z <= 0) return SQRT_HALF_PI * scaledComplement(-z * SQRT_HALF);
  return normalCdf(z) * Math.exp(-normalLogDensity(z));
}

const A = [
  -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1,
  2.506628277459239,
];
const B = [
  -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1,
];
const C = [
  -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968,
  2.938163982698783,
];
const D = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416];

const polynomial = (coefficients: readonly number[], x: number) =>
  coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);

/** The inverse of `normalCdf` (Acklam's approximation and one Halley step); -Infinity at 0, Infinity at 1. */
export function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY;
  if (share >= 1) return Number.POSITIVE_INFINITY;
  if (share > 0.5) return -normalQuantile(1 - share);
  let z: number;
  if (share < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(share));
    z = polynomial(C, q) / (polynomial(D, q) * q + 1);
  } else {
    const q = share - 0.5;
    const r = q * q;
    z = (polynomial(A, r) * q) / (polynomial(B, r) * r + 1);
  }
  const error = (normalCdf(z) - share) * Math.exp(-normalLogDensity(z));
  return z - error / (1 + (z * error) / 2);
}

/** A value of a normal distribution cut to [0, 1], at a share in [0, 1) of its mass. The mean lies in [0, 1]. */
export function truncatedQuantile(mean: number, deviation: number, share: number): number {
  const from = normalCdf(-mean / deviation);
  const to = normalCdf((1 - mean) / deviation);
  const value = mean + deviation * normalQuantile(from + share * (to - from));
  return Math.min(1, Math.max(0, value));
}

/** log(sum(exp(terms[0..length-1]))), safe for terms of any size. */
export function logSumExp(terms: Float64Array): number {
  let greatest = Number.NEGATIVE_INFINITY;
  for (const term of terms) if (term > greatest) greatest = term;
  if (!Number.isFinite(greatest)) return greatest;
  let sum = 0;
  for (const term of terms) sum += Math.exp(term - greatest);
  return greatest + Math.log(sum);
}
