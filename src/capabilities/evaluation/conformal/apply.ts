import type { ConformalInterval, ConformalSet } from "../../../foundation/contracts/conformal.js";
import { classScores } from "./scores.js";

export interface Intervals {
  /** One a row, target's unit; -Infinity and Infinity where nothing finite can be promised. */
  readonly low: Float64Array;
  readonly high: Float64Array;
}

/** What an interval is laid around; which of them is read depends on the method. */
export interface IntervalInputs {
  readonly predicted: Float64Array;
  readonly scale?: Float64Array;
  readonly bounds?: { readonly lower: Float64Array; readonly upper: Float64Array };
}

/** @throws Error when what the method needs is absent: a bug of the caller. */
export function predictIntervals(conformal: ConformalInterval, inputs: IntervalInputs): Intervals {
  const margin = conformal.margin ?? Number.POSITIVE_INFINITY;
  const { predicted, scale, bounds } = inputs;
  if (conformal.method === "quantile") {
    if (!bounds) throw new Error("Intervals by quantiles need the predicted quantiles.");
    return inOrder(
      bounds.lower.map((value) => value - margin),
      bounds.upper.map((value) => value + margin),
    );
  }
  if (conformal.method === "absolute")
    return { low: predicted.map((value) => value - margin), high: predicted.map((value) => value + margin) };
  if (!scale) throw new Error("Normalised intervals need a scale for each row.");
  return {
    low: predicted.map((value, row) => value - margin * scale[row]!),
    high: predicted.map((value, row) => value + margin * scale[row]!),
  };
}

/** Quantiles that crossed, or a margin below zero, could turn an interval inside out; then its middle is left. */
function inOrder(low: Float64Array, high: Float64Array): Intervals {
  const middle = low.map((value, row) => (value + high[row]!) / 2);
  return {
    low: low.map((value, row) => (value > high[row]! ? middle[row]! : value)),
    high: high.map((value, row) => (value < low[row]! ? middle[row]! : value)),
  };
}

/**
 * 1 where a class is in the set of its row, row-major `rows * classes`. A set may be empty: the row suits no class.
 * Thresholds and scores are compared as the ONNX graph does, in float32.
 */
export function predictSets(conformal: ConformalSet, probabilities: Float64Array): Uint8Array {
  const classCount = conformal.classes.length;
  if (conformal.method === "lac") {
    const least = leastProbabilities(conformal);
    return Uint8Array.from(probabilities, (value, i) =>
      Math.fround(value) >= least[i % classCount]! ? 1 : 0,
    );
  }
  const most = scoreLimits(conformal);
  const scores = classScores(probabilities, classCount, conformal);
  return Uint8Array.from(scores, (score, i) => (Math.fround(score) <= most[i % classCount]! ? 1 : 0));
}

/** A rounding of float32 to the side of the larger set, so that rows at the threshold stay covered. */
const SLACK = 2 ** -23;

/** `lac`: the probability from which on a class is in the set. */
export function leastProbabilities({ thresholds }: ConformalSet): Float32Array {
  return Float32Array.from(thresholds, (limit) => (limit === null ? -1 : 1 - limit - SLACK));
}

/** `aps`, `raps`: the score up to which a class is in the set. Scores are sums, and rounded as often. */
export function scoreLimits({ thresholds, classes }: ConformalSet): Float32Array {
  return Float32Array.from(thresholds, (limit) => (limit === null ? 3.4e38 : limit + SLACK * classes.length));
}
