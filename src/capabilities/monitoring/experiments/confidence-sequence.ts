/**
 * Intervals of a difference that hold at every look together, so that looking daily and stopping when it is clear
 * keeps the promise: asymptotic confidence sequences with a normal mixture (Waudby-Smith, Arbour, Sinha, Kennedy and
 * Ramdas 2024; Howard et al. 2021; Robbins 1970).
 */

/** What an arm showed so far: one value a unit of assignment (a user), not a request. */
export interface ArmFigures {
  readonly units: number;
  readonly mean: number;
  /** Of one unit, with n - 1. Of shares: p (1 - p). */
  readonly variance: number;
}

export interface SequenceOptions {
  /** Chance that any interval of the whole sequence misses. Default 0.05. */
  readonly level?: number;
  /**
   * Units of both arms together at which the interval is narrowest, about when a decision is expected. Fixed before
   * the start. Default 5000.
   */
  readonly tunedUnits?: number;
}

export interface SequentialDifference {
  /** Second minus first. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Always valid: may be read at any time, and compared with the level. */
  readonly pValue: number;
}

/** Below this in either arm nothing is said: the theory is asymptotic. */
export const LEAST_UNITS = 50;

export function sequentialDifference(
  first: ArmFigures,
  second: ArmFigures,
  { level = 0.05, tunedUnits = 5000 }: SequenceOptions = {},
): SequentialDifference {
  const difference = second.mean - first.mean;
  const units = first.units + second.units;
  const error = Math.sqrt(first.variance / first.units + second.variance / second.units);
  if (Math.min(first.units, second.units) < LEAST_UNITS || !(error > 0)) {
    return { difference, low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, pValue: 1 };
  }
  const spread = units * mixtureWidth(level, tunedUnits) ** 2 + 1;
  const reach = error * Math.sqrt(((2 * spread) / (spread - 1)) * Math.log(Math.sqrt(spread) / level));
  const z = difference / error;
  const pValue = Math.min(1, Math.sqrt(spread) * Math.exp((-z * z * (spread - 1)) / (2 * spread)));
  return { difference, low: difference - reach, high: difference + reach, pValue };
}

/** Width of the mixture for which the sequence is narrowest at so many units (Waudby-Smith et al., appendix B.2). */
function mixtureWidth(level: number, units: number): number {
  const target = -2 * Math.log(level);
  return Math.sqrt((target + Math.log(target + 1)) / units);
}

/** Figures of yes-or-no outcomes; one of each is added, so that an early zero is not taken for certainty. */
export function shareFigures(successes: number, units: number): ArmFigures {
  const smoothed = (successes + 1) / (units + 2);
  return { units, mean: units === 0 ? Number.NaN : successes / units, variance: smoothed * (1 - smoothed) };
}

/** Figures of a number a unit. */
export function meanFigures(values: Float64Array): ArmFigures {
  const units = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / units;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (units - 1);
  return { units, mean, variance };
}
