/**
 * Centred isotonic regression (Oron and Flournoy, 2017): pool adjacent violators, then linear interpolation
 * between the centres of the pools instead of steps, so that no ties arise inside the range.
 */
import type { PiecewiseLinear } from "./calibration-state.js";

/** Greatest slope: 1e-7 of noise in a probability must not move the result by 1e-5. */
const GREATEST_SLOPE = 50;
/** Finer maps follow noise, and cost time at prediction. */
const MOST_POOLS = 64;

interface Pool {
  weight: number;
  /** Weighted sums of probability and of outcome. */
  probability: number;
  outcome: number;
}

/** `positive[i]` is 1 or 0; weights absent: all 1. */
export function fitIsotonic(
  probabilities: Float64Array,
  positive: ArrayLike<number>,
  weights?: Float64Array,
): PiecewiseLinear {
  const order = Float64Array.from(probabilities.keys()).sort(
    (a, b) => probabilities[a]! - probabilities[b]! || a - b,
  );
  const pools: Pool[] = [];
  let total = 0;
  let positives = 0;
  for (const row of order) {
    const weight = weights ? weights[row]! : 1;
    if (weight === 0) continue;
    total += weight;
    positives += positive[row] ? weight : 0;
    pools.push({ weight, probability: weight * probabilities[row]!, outcome: positive[row] ? weight : 0 });
    poolViolators(pools);
  }
  const base = total > 0 ? (positives + 1) / (total + 2) : 0.5;
  return interpolation(coarsen(smooth(pools, base), total));
}

/** Merges the last pools while they fall. */
function poolViolators(pools: Pool[]): void {
  while (pools.length > 1) {
    const last = pools.at(-1)!;
    const before = pools.at(-2)!;
    if (before.outcome * last.weight < last.outcome * before.weight) return;
    pools.pop();
    merge(before, last);
  }
}

function merge(target: Pool, source: Pool): void {
  target.weight += source.weight;
  target.probability += source.probability;
  target.outcome += source.outcome;
}

/** One row's worth of the base rate joins each pool, so that none says 0 or 1; then rising order again. */
function smooth(pools: readonly Pool[], base: number): Pool[] {
  const result: Pool[] = [];
  for (const { weight, probability, outcome } of pools) {
    const center = probability / weight;
    result.push({ weight: weight + 1, probability: probability + center, outcome: outcome + base });
    poolViolators(result);
  }
  return result;
}

/** Merges neighbours that are too small, too close to another or too steep. */
function coarsen(pools: readonly Pool[], total: number): Pool[] {
  const smallest = total / MOST_POOLS;
  const result: Pool[] = [];
  for (const pool of pools) {
    const before = result.at(-1);
    if (before && (before.weight < smallest || isSteep(before, pool))) merge(before, pool);
    else result.push({ ...pool });
    while (result.length > 1 && isSteep(result.at(-2)!, result.at(-1)!)) {
      const last = result.pop()!;
      merge(result.at(-1)!, last);
    }
  }
  return result;
}

function isSteep(left: Pool, right: Pool): boolean {
  const rise = right.outcome / right.weight - left.outcome / left.weight;
  const run = right.probability / right.weight - left.probability / left.weight;
  return !(rise <= GREATEST_SLOPE * run);
}

/** Through the centres, and on towards 0 and 1 outside them. */
function interpolation(pools: readonly Pool[]): PiecewiseLinear {
  const knots = pools.map(({ probability, weight }) => probability / weight);
  const values = pools.map(({ outcome, weight }) => outcome / weight);
  if (pools.length === 0) return { knots: Float64Array.of(0, 1), values: Float64Array.of(0, 1) };
  const margin = 1 / GREATEST_SLOPE;
  const first = knots[0]!;
  const last = knots.at(-1)!;
  // Close to the ends there is no room for a ramp that is not steep: the end takes the pool's own value.
  if (first > margin) {
    knots.unshift(0);
    values.unshift(values[0]! / 2);
  } else {
    knots[0] = 0;
  }
  if (last < 1 - margin || knots.length === 1) {
    knots.push(1);
    values.push((1 + values.at(-1)!) / 2);
  } else {
    knots[knots.length - 1] = 1;
  }
  return { knots: Float64Array.from(knots), values: Float64Array.from(values) };
}

export function interpolate({ knots, values }: PiecewiseLinear, probability: number): number {
  let low = 0;
  let high = knots.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle]! <= probability) low = middle;
    else high = middle;
  }
  const share = (probability - knots[low]!) / (knots[high]! - knots[low]!);
  return values[low]! + Math.min(1, Math.max(0, share)) * (values[high]! - values[low]!);
}
