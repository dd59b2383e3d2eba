import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { Random } from "../../../foundation/base/random.js";

/** Successes and failures of a version so far; delayed outcomes count when they come. */
export interface BanditArm {
  readonly successes: number;
  readonly failures: number;
}

export interface BanditOptions {
  readonly random: Random;
  /** No arm gets less, so that a change of fortune is noticed. Default 0.02. */
  readonly leastShare?: number;
  /** Default 2000. */
  readonly draws?: number;
}

/**
 * Shares of traffic by Thompson sampling (1933) with uniform priors: an arm gets as much as it is likely to be the
 * best. It loses little while it learns, but its means are biased: a launch is decided by `judgeExperiment`, never
 * by these shares.
 */
export function banditShares(arms: readonly BanditArm[], options: BanditOptions): number[] {
  const { random, leastShare = 0.02, draws = 2000 } = options;
  const wins = arms.map(() => 0);
  for (let draw = 0; draw < draws; draw++) {
    const values = arms.map(({ successes, failures }) => drawBeta(successes + 1, failures + 1, random));
    wins[indexOfLargest(values)]! += 1;
  }
  const free = 1 - arms.length * leastShare;
  return wins.map((count) => leastShare + (free * count) / draws);
}

/**
 * Shares of traffic by epsilon-greedy: the arm with the best rate so far gets all but what is kept for trying the
 * others. An arm that nobody tried yet counts as one success in one try, so that each is tried.
 */
export function greedyShares(arms: readonly BanditArm[], leastShare = 0.02): number[] {
  const rates = arms.map(({ successes, failures }) => (successes + 1) / (successes + failures + 1));
  const best = indexOfLargest(rates);
  return arms.map((_, arm) => (arm === best ? 1 - (arms.length - 1) * leastShare : leastShare));
}

function drawBeta(a: number, b: number, random: Random): number {
  const x = drawGamma(a, random);
  return x / (x + drawGamma(b, random));
}

/** Shape at least 1, scale 1 (Marsaglia and Tsang 2000). */
function drawGamma(shape: number, random: Random): number {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const z = random.normal();
    const v = (1 + c * z) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < (z * z) / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
}
