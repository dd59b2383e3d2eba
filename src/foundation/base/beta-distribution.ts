/** The beta distribution, and what rests on it: Student's t, Fisher's F, exact intervals of shares. */
import { logGamma } from "./gamma.js";

/**
 * P(X <= x) of the beta distribution: the regularised incomplete beta function by Lentz's continued fraction
 * (Numerical Recipes, 6.4). x in 0..1; a, b > 0. Relative error about 1e-12.
 */
export function betaBelow(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x));
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  const kept = (value: number) => (Math.abs(value) < tiny ? tiny : value);
  let c = 1;
  let d = 1 / kept(1 - ((a + b) * x) / (a + 1));
  let h = d;
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / kept(1 + even * d);
    c = kept(1 + even / c);
    h *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / kept(1 + odd * d);
    c = kept(1 + odd / c);
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return h;
}

/** The value below which `share` lies, by bisection to the last bit; share in 0..1. */
export function betaQuantile(share: number, a: number, b: number): number {
  let low = 0;
  let high = 1;
  for (;;) {
    const middle = (low + high) / 2;
    if (middle <= low || middle >= high) return middle;
    if (betaBelow(middle, a, b) < share) low = middle;
    else high = middle;
  }
}

/** Two-sided p value of Student's t. */
export function studentTwoSided(t: number, degreesOfFreedom: number): number {
  return betaBelow(degreesOfFreedom / (degreesOfFreedom + t * t), degreesOfFreedom / 2, 0.5);
}

/** The value that Student's t exceeds in size with probability 1 - `level`. */
export function studentReach(level: number, degreesOfFreedom: number): number {
  const x = betaQuantile(1 - level, degreesOfFreedom / 2, 0.5);
  return Math.sqrt((degreesOfFreedom * (1 - x)) / x);
}

/** P(F > statistic) of Fisher's F. */
export function fisherTail(statistic: number, numerator: number, denominator: number): number {
  if (!(statistic > 0)) return 1;
  return betaBelow(denominator / (denominator + numerator * statistic), denominator / 2, numerator / 2);
}

/** Exact interval of a share (Clopper and Pearson 1934); [NaN, NaN] for no rows. */
export function shareInterval(hits: number, rows: number, level = 0.95): [number, number] {
  if (rows === 0) return [Number.NaN, Number.NaN];
  const tail = (1 - level) / 2;
  return [
    hits === 0 ? 0 : betaQuantile(tail, hits, rows - hits + 1),
    hits === rows ? 1 : betaQuantile(1 - tail, hits + 1, rows - hits),
  ];
}
