import type { Conformal, ConformalInterval, ConformalSet } from "../../../foundation/contracts/conformal.js";
import type { ClassTarget, Predictions, Target } from "../../../foundation/contracts/target.js";
import { conformalQuantile } from "./quantile.js";
import { classScores, trueScores } from "./scores.js";

/** RAPS as its paper recommends for few classes: a mild penalty, a free first rank. */
const PENALTY = { weight: 0.01, rank: 1 };

export interface CalibrationRows {
  readonly target: Target;
  /** Of the same rows, each by a model that had not seen it. */
  readonly predictions: Predictions;
  readonly calibratedOn: ConformalInterval["calibratedOn"];
}

export interface SetOptions {
  readonly level: number;
  /** Default `lac`: the smallest sets on average. */
  readonly method?: ConformalSet["method"];
  readonly byClass?: boolean;
  /** `raps`; default 0.01 from the second rank on. */
  readonly penalty?: { readonly weight: number; readonly rank: number };
  /**
   * One uniform draw a row: `aps` and `raps` then count the true class only in part, as in the paper. Its sets are
   * smaller; without draws the promise holds as well, and the calibration depends on nothing random.
   */
  readonly uniforms?: Float64Array;
}

export interface IntervalOptions {
  readonly level: number;
  /** `normalised`: a positive scale a row, from a model of its own that saw none of these rows. */
  readonly scale?: Float64Array;
  /** `quantile`: predicted lower and upper quantiles of each row. */
  readonly bounds?: { readonly lower: Float64Array; readonly upper: Float64Array };
}

/** The usual choice for a task: `lac` sets, or intervals by absolute residuals. */
export function calibrate(rows: CalibrationRows, level: number): Conformal {
  return rows.target.task === "regression"
    ? calibrateInterval(rows, { level })
    : calibrateSets(rows, { level });
}

/** @throws Error when target and predictions do not belong together: a bug of the caller. */
export function calibrateSets(rows: CalibrationRows, options: SetOptions): ConformalSet {
  const { target, predictions, calibratedOn } = rows;
  if (target.task === "regression" || predictions.kind !== "probabilities")
    throw new Error("Prediction sets need classes and probabilities.");
  const { method = "lac", byClass = false, level } = options;
  const penalty = method === "raps" ? (options.penalty ?? PENALTY) : null;
  const scores = calibrationScores(target, predictions.values, { method, penalty }, options.uniforms);
  const ofClass = (code: number) => scores.filter((_, row) => target.codes[row] === code);
  const overall = conformalQuantile(scores, level);
  const thresholds = target.classes.map((_, code) =>
    finite(byClass ? conformalQuantile(ofClass(code), level) : overall),
  );
  return {
    ...{ formatVersion: 1, kind: "set", level, rows: scores.length, calibratedOn, method },
    ...{ classes: [...target.classes], thresholds, byClass, penalty: penalty && { ...penalty } },
  };
}

function calibrationScores(
  { codes, classes }: ClassTarget,
  probabilities: Float64Array,
  rule: Pick<ConformalSet, "method" | "penalty">,
  uniforms: Float64Array | undefined,
): Float64Array {
  const scores = trueScores(classScores(probabilities, classes.length, rule), classes.length, codes);
  if (!uniforms || rule.method === "lac") return scores;
  return scores.map(
    (score, row) => score - uniforms[row]! * probabilities[row * classes.length + codes[row]!]!,
  );
}

/** @throws Error when target and predictions do not belong together: a bug of the caller. */
export function calibrateInterval(rows: CalibrationRows, options: IntervalOptions): ConformalInterval {
  const { target, predictions, calibratedOn } = rows;
  if (target.task !== "regression" || predictions.kind !== "values")
    throw new Error("Prediction intervals need numbers.");
  const { scale, bounds, level } = options;
  const actual = target.values;
  const scores = actual.map((value, row) => {
    if (bounds) return Math.max(bounds.lower[row]! - value, value - bounds.upper[row]!);
    return Math.abs(value - predictions.values[row]!) / (scale ? scale[row]! : 1);
  });
  return {
    ...{ formatVersion: 1, kind: "interval", level, rows: scores.length, calibratedOn },
    method: bounds ? "quantile" : scale ? "normalised" : "absolute",
    margin: finite(conformalQuantile(scores, level)),
  };
}

function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
