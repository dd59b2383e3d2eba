import type { Observation } from "../../foundation/contracts/sampler.js";
import { isComplete } from "./samplers/proposals.js";

export interface PlateauRule {
  /** Trials without enough improvement that end the study, 1 or more. */
  readonly trials: number;
  /** Improvement of the best value over those trials that still counts, as a share of the spread reached before. */
  readonly relativeImprovement: number;
}

export const DEFAULT_PLATEAU: PlateauRule = { trials: 30, relativeImprovement: 0.01 };

/**
 * True when the last `trials` trials improved the best value by no more than `relativeImprovement` of what tuning had
 * gained until then: the distance from the median trial to the best. Measured so, the rule depends neither on the
 * unit nor on the offset of the value. Failed and pruned trials count as trials.
 */
export function plateauReached(
  history: readonly Observation[],
  { trials, relativeImprovement }: PlateauRule = DEFAULT_PLATEAU,
): boolean {
  const before = history.slice(0, Math.max(0, history.length - trials)).filter(isComplete);
  if (history.length <= trials || before.length === 0) return false;
  const sorted = before.map(({ value }) => value).sort((a, b) => a - b);
  const best = sorted[0]!;
  const gained = sorted[sorted.length >> 1]! - best;
  const recent = history.slice(-trials).filter(isComplete);
  const reached = recent.reduce((least, { value }) => Math.min(least, value), best);
  return best - reached <= relativeImprovement * gained;
}
