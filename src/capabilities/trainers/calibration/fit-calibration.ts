import { gather } from "../../../foundation/base/gather.js";
import type { Random } from "../../../foundation/base/random.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import {
  type ClassTarget,
  type Predictions,
  type Target,
  takeTarget,
} from "../../../foundation/contracts/target.js";
import { rowsOfFold, stratifiedFolds } from "../numeric/folds.js";
import { fitSigmoid } from "../numeric/platt.js";
import { applyCalibration } from "./apply-calibration.js";
import type { CalibrationMap, CalibrationMethod, CalibrationState } from "./calibration-state.js";
import { fitIsotonic } from "./isotonic.js";
import { smoothedLogits, smoothedLogs } from "./smoothed-logs.js";
import { fitSharpness, probabilityFloor } from "./temperature.js";

export interface CalibrationOptions {
  /** `auto` chooses by cross-validated log loss; a method is fitted whether it helps or not. */
  readonly method: CalibrationMethod | "auto";
  readonly random: Random;
  /** One a row; absent: all 1. */
  readonly weights?: Float64Array;
  /**
   * Fold of each row, 0..K-1, K at least 2, for the cross-validation of `auto`: those of out-of-fold predictions, so
   * that no model's rows are on both sides. Absent: five random ones.
   */
  readonly folds?: ArrayLike<number>;
  /** What `auto` chooses among beside `none`. Absent: all that the rows can bear. */
  readonly among?: readonly CalibrationMethod[];
  /**
   * Standard errors by which a map must beat a simpler one; default 1. 0 suits an ensemble, whose mean of
   * probabilities is known to be too timid: a map then needs only to help.
   */
  readonly margin?: number;
}

type Probabilities = Extract<Predictions, { kind: "probabilities" }>;

interface Sample {
  readonly predictions: Probabilities;
  readonly target: ClassTarget;
  readonly weights: Float64Array | undefined;
}

const FOLDS = 5;
/** Fewer rows, or rows of the rarest class, say too little to change a model by. */
const LEAST_ROWS = 50;
const LEAST_ROWS_OF_CLASS = 10;
/** Isotonic regression has many parameters. */
const LEAST_ROWS_OF_CLASS_ISOTONIC = 100;

/**
 * Fits a calibration to predictions for rows the model has not learned from. A map is kept only when its
 * cross-validated log loss beats the model's own by more than `margin` standard errors of the difference, and
 * isotonic only when it beats the parametric maps likewise. Predicted values pass: method `none`.
 */
export function fitCalibration(
  predictions: Predictions,
  target: Target,
  { method, random, weights, folds, among, margin = 1 }: CalibrationOptions,
): CalibrationState {
  if (predictions.kind === "values" || target.task === "regression") return { method: "none", losses: {} };
  if (weights?.every((weight) => weight === 0)) return { method: "none", losses: {} };
  const sample: Sample = { predictions, target, weights };
  if (method !== "auto") return { ...fitMap(sample, method), losses: {} };
  const candidates = candidateMethods(sample).filter((one) => !among || among.includes(one));
  if (candidates.length === 0) return { method: "none", losses: {} };
  const rowLosses = crossValidate(
    sample,
    ["none", ...candidates],
    folds ?? stratifiedFolds(target.codes, FOLDS, random),
  );
  const chosen = choose(rowLosses, candidates, weights, margin);
  const losses = Object.fromEntries(
    [...rowLosses].map(([name, values]) => [
      name,
      weightedMean(values.length, weights, (row) => values[row]!),
    ]),
  );
  return { ...fitMap(sample, chosen), losses };
}

function candidateMethods({ predictions, target }: Sample): CalibrationMethod[] {
  const counts = new Float64Array(predictions.classes);
  for (const code of target.codes) counts[code]!++;
  const rarest = counts.reduce((least, count) => Math.min(least, count), Number.POSITIVE_INFINITY);
  if (target.codes.length < LEAST_ROWS || rarest < LEAST_ROWS_OF_CLASS) return [];
  const parametric: CalibrationMethod[] =
    predictions.classes === 2 ? ["temperature", "platt"] : ["temperature"];
  return rarest < LEAST_ROWS_OF_CLASS_ISOTONIC ? parametric : [...parametric, "isotonic"];
}

/** Log loss of each row by each method, fitted without that row's fold. */
function crossValidate(
  sample: Sample,
  methods: readonly CalibrationMethod[],
  folds: ArrayLike<number>,
): Map<CalibrationMethod, Float64Array> {
  const { codes } = sample.target;
  const assignment = Int32Array.from(folds);
  const count = assignment.reduce((most, fold) => Math.max(most, fold + 1), 0);
  const result = new Map(methods.map((method) => [method, new Float64Array(codes.length)]));
  for (let fold = 0; fold < count; fold++) {
    const inside = takeSample(sample, rowsOfFold(assignment, fold, false));
    const heldOutRows = rowsOfFold(assignment, fold, true);
    const heldOut = takeSample(sample, heldOutRows);
    for (const [method, losses] of result) {
      const calibrated = applyCalibration(heldOut.predictions, fitMap(inside, method)).values;
      for (const [i, row] of heldOutRows.entries()) {
        const probability = calibrated[i * sample.predictions.classes + codes[row]!]!;
        losses[row] = -Math.log(Math.max(probability, 1e-15));
      }
    }
  }
  return result;
}

/** The simplest method that nothing clearly beats: candidates are in order of freedom. */
function choose(
  losses: ReadonlyMap<CalibrationMethod, Float64Array>,
  candidates: readonly CalibrationMethod[],
  weights: Float64Array | undefined,
  margin: number,
): CalibrationMethod {
  let chosen: CalibrationMethod = "none";
  for (const candidate of candidates) {
    const before = losses.get(chosen)!;
    const gains = losses.get(candidate)!.map((loss, row) => before[row]! - loss);
    const mean = weightedMean(gains.length, weights, (row) => gains[row]!);
    if (mean > margin * standardError(gains, mean, weights)) chosen = candidate;
  }
  return chosen;
}

function fitMap({ predictions, target, weights }: Sample, method: CalibrationMethod): CalibrationMap {
  const { values, classes } = predictions;
  const isClass = (code: number) => target.codes.map((value) => (value === code ? 1 : 0));
  switch (method) {
    case "none":
      return { method };
    case "temperature": {
      const rows = weights ? weights.reduce((sum, weight) => sum + weight, 0) : target.codes.length;
      return {
        method,
        sharpness: fitSharpness(smoothedLogs(values), target.codes, classes, weights),
        floor: probabilityFloor(rows, classes),
      };
    }
    case "platt": {
      if (classes !== 2) return fitMap({ predictions, target, weights }, "temperature");
      const sigmoid = fitSigmoid(smoothedLogits(values), isClass(1), weights);
      // A falling sigmoid would turn the ranking round: then the model knows nothing to calibrate.
      return sigmoid.slope > 0 ? { method, ...sigmoid } : { method: "none" };
    }
    case "isotonic": {
      const codes = classes === 2 ? [1] : Array.from({ length: classes }, (_, k) => k);
      const column = (k: number) =>
        Float64Array.from({ length: target.codes.length }, (_, row) => values[row * classes + k]!);
      return { method, maps: codes.map((k) => fitIsotonic(column(k), isClass(k), weights)) };
    }
  }
}

function takeSample({ predictions, target, weights }: Sample, rows: Int32Array): Sample {
  const { classes } = predictions;
  const values = new Float64Array(rows.length * classes);
  for (const [i, row] of rows.entries()) {
    values.set(predictions.values.subarray(row * classes, (row + 1) * classes), i * classes);
  }
  return {
    predictions: { ...predictions, values },
    target: takeTarget(target, rows) as ClassTarget,
    weights: weights && gather(weights, rows),
  };
}

/** Of a weighted mean: sqrt(sum w^2 (x - mean)^2) / sum w. */
function standardError(values: Float64Array, mean: number, weights: Float64Array | undefined): number {
  let squares = 0;
  let total = 0;
  for (let row = 0; row < values.length; row++) {
    const weight = weights ? weights[row]! : 1;
    squares += (weight * (values[row]! - mean)) ** 2;
    total += weight;
  }
  return total > 0 ? Math.sqrt(squares) / total : Number.POSITIVE_INFINITY;
}
