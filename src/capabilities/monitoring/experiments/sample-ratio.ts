import { chiSquareTail } from "../../../foundation/base/tail-probability.js";

/** Below this p value the assignment is broken, and with it everything measured. */
export const BROKEN_BELOW = 0.001;

/** Chance of units so unlike the planned shares if the assignment works (chi-square goodness of fit). */
export function sampleRatioPValue(units: readonly number[], shares: readonly number[]): number {
  const total = units.reduce((sum, count) => sum + count, 0);
  const whole = shares.reduce((sum, share) => sum + share, 0);
  if (total === 0) return 1;
  const statistic = units.reduce((sum, count, arm) => {
    const expected = (total * shares[arm]!) / whole;
    return sum + (count - expected) ** 2 / expected;
  }, 0);
  return chiSquareTail(statistic, units.length - 1);
}
