import { normalQuantile } from "../../../foundation/base/normal-distribution.js";
import { LEAST_UNITS, type SequenceOptions, sequentialDifference } from "./confidence-sequence.js";

export interface ExperimentPlan {
  /** Of both arms, looked at once, at the end. */
  readonly fixedUnits: number;
  /** Of both arms, when it may be looked at whenever one likes. */
  readonly sequentialUnits: number;
  /** Of the sequential design, from the units a day. */
  readonly days: number;
}

export interface PlanRequest {
  /** Of one unit. */
  readonly variance: number;
  /** The smallest difference that must be found. */
  readonly effect: number;
  /** Default 0.8. */
  readonly power?: number;
  readonly unitsPerDay: number;
  readonly options?: SequenceOptions;
}

const MOST_UNITS = 2 ** 40;

/** Equal arms. With level 0.05 and power 0.8 the fixed design takes about 16 s² / d² units an arm. */
export function planExperiment({ variance, effect, power = 0.8, unitsPerDay, options = {} }: PlanRequest) {
  const { level = 0.05 } = options;
  const needed = normalQuantile(1 - level / 2) + normalQuantile(power);
  const fixedUnits = Math.ceil(4 * variance * (needed / effect) ** 2);
  const sequentialUnits = smallest((units) => {
    const arm = { units: units / 2, mean: 0, variance };
    const { high } = sequentialDifference(arm, arm, options);
    // The estimate must clear the interval with the wanted chance.
    return high + normalQuantile(power) * Math.sqrt((4 * variance) / units) <= effect;
  });
  return { fixedUnits, sequentialUnits, days: sequentialUnits / unitsPerDay } satisfies ExperimentPlan;
}

/** The difference a fixed design of so many units finds with the given power. */
export function minimumDetectableEffect(units: number, variance: number, level = 0.05, power = 0.8): number {
  return (normalQuantile(1 - level / 2) + normalQuantile(power)) * Math.sqrt((4 * variance) / units);
}

/** Of a condition that holds from some number on. */
function smallest(holds: (units: number) => boolean): number {
  let high = 2 * LEAST_UNITS;
  while (!holds(high) && high < MOST_UNITS) high *= 2;
  let low = high / 2;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (holds(middle)) high = middle;
    else low = middle;
  }
  return high;
}
