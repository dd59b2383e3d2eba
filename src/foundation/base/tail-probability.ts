/** Upper tail probabilities of test statistics, for deciding what chance alone would not do. */
import { logGamma } from "./gamma.js";

/**
 * P(X >= statistic) for chi-square: the regularised upper incomplete gamma function Q(k/2, x/2), by its
 * series below and Lentz's continued fraction above x = a + 1 (Numerical Recipes, 6.2). Relative error 1e-12.
 */
export function chiSquareTail(statistic: number, degreesOfFreedom: number): number {
  if (!(statistic > 0) || degreesOfFreedom <= 0) return 1;
  const a = degreesOfFreedom / 2;
  const x = statistic / 2;
  const factor = Math.exp(a * Math.log(x) - x - logGamma(a));
  return x < a + 1 ? 1 - factor * gammaSeries(a, x) : factor * gammaFraction(a, x);
}

function gammaSeries(a: number, x: number): number {
  let term = 1 / a;
  let sum = term;
  for (let n = 1; n < 10000; n++) {
    term *= x / (a + n);
    sum += term;
    if (term < sum * 1e-16) break;
  }
  return sum;
}

function gammaFraction(a: number, x: number): number {
  const tiny = 1e-300;
  let b = x + 1 - a;
  let c = 1 / tiny;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    if (Math.abs(d) < tiny) d = tiny;
    c = b + an / c;
    if (Math.abs(c) < tiny) c = tiny;
    d = 1 / d;
    const step = d * c;
    h *= step;
    if (Math.abs(step - 1) < 1e-16) break;
  }
  return h;
}

/** Two-sample Kolmogorov-Smirnov: the largest distance of the empirical distributions. Sorted input. */
export function kolmogorovDistance(first: ArrayLike<number>, second: ArrayLike<number>): number {
  let i = 0;
  let j = 0;
  let distance = 0;
  while (i < first.length && j < second.length) {
    const value = Math.min(first[i]!, second[j]!);
    while (i < first.length && first[i]! === value) i++;
    while (j < second.length && second[j]! === value) j++;
    distance = Math.max(distance, Math.abs(i / first.length - j / second.length));
  }
  return distance;
}

/** P(D >= distance) by the asymptotic Kolmogorov distribution (SciPy's `ks_2samp(method="asymp")`). */
export function kolmogorovTail(distance: number, firstRows: number, secondRows: number): number {
  const lambda = distance * Math.sqrt((firstRows * secondRows) / (firstRows + secondRows));
  if (lambda < 0.2) return 1;
  let sum = 0;
  for (let k = 1; k <= 100; k++) {
    const term = 2 * (k % 2 === 1 ? 1 : -1) * Math.exp(-2 * k * k * lambda * lambda);
    sum += term;
    if (Math.abs(term) < 1e-18) break;
  }
  return Math.max(0, Math.min(1, sum));
}
