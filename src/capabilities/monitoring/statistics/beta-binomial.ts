import { logGamma } from "../../../foundation/base/gamma.js";
import { logChoose } from "./fisher-exact.js";

/**
 * P(X >= hits) where each of `trials` rows is a hit with one unknown chance that is Beta(a, b) distributed: what a
 * reference says about rows to come. 0 <= hits <= trials, a, b > 0.
 *
 * Of n values without ties the share of new values outside their range is Beta(2, n - 1) whatever the distribution
 * (order statistics; Wilks 1941).
 */
export function betaBinomialTail(hits: number, trials: number, a: number, b: number): number {
  if (hits <= 0) return 1;
  const scale = logBeta(a, b);
  const chance = (k: number): number =>
    Math.exp(logChoose(trials, k) + logBeta(k + a, trials - k + b) - scale);
  let sum = 0;
  for (let k = hits; k <= trials; k++) {
    const one = chance(k);
    sum += one;
    // Past the mode the terms only fall.
    if (one < sum * 1e-16) break;
  }
  return Math.min(1, sum);
}

function logBeta(a: number, b: number): number {
  return logGamma(a) + logGamma(b) - logGamma(a + b);
}
