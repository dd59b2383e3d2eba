import { quantileOfSorted, weightedMedian } from "../../../foundation/base/statistics.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { Predictions, Target } from "../../../foundation/contracts/target.js";
import type { LabelErrors } from "../../../foundation/contracts/trust.js";
import { numberText, rowValues } from "../row-text.js";
import {
  calibratedJoint,
  labelQuality,
  mostProbable,
  noiseMatrix,
  suspectRows,
} from "./confident-learning.js";

/** Tukey's far fence of a normal distribution, in robust standard deviations: 1 row in 400 000 by chance. */
const RESIDUAL_LIMIT = 4.721;
/** The robust standard deviation of a normal distribution is 1.4826 median absolute deviations. */
const DEVIATIONS_PER_MEDIAN = 1.482602218505602;

export interface LabelErrorSearch {
  readonly target: Target;
  /** Of the same rows, each by a model that had not seen it. */
  readonly predictions: Predictions;
  /** Row numbers in the dataset version; absent: positions. */
  readonly rowNumbers?: ArrayLike<number> | undefined;
  /** Raw columns of the same rows, shown with each suspect. */
  readonly features?: Frame | undefined;
  /** Suspects kept in the answer. */
  readonly most: number;
}

/**
 * Labels to look at again, the likeliest errors first. Classes: confident learning, pruned by noise rate and ranked by
 * normalised margin. Numbers: residuals farther than 4.72 robust standard deviations from their median; where noise
 * grows with the predicted value, the deviation is that of rows with like predictions.
 */
export function findLabelErrors(search: LabelErrorSearch): LabelErrors {
  return search.target.task === "regression" ? suspectValues(search) : suspectClasses(search);
}

function suspectClasses(search: LabelErrorSearch): LabelErrors {
  const { target, predictions, most } = search;
  if (target.task === "regression" || predictions.kind !== "probabilities")
    throw new Error("Label errors of classes need classes and probabilities.");
  const { classes, codes } = target;
  const input = { codes, probabilities: predictions.values, classCount: classes.length };
  const suspects = suspectRows(input);
  const quality = labelQuality(input, "self-confidence");
  return {
    method: "confident-learning",
    rows: codes.length,
    found: suspects.length,
    suspects: suspects.slice(0, most).map((row) => ({
      row: search.rowNumbers?.[row] ?? row,
      given: classes[codes[row]!]!,
      suggested: classes[mostProbable(input, row)]!,
      score: quality[row]!,
      values: rowValues(search.features, row),
    })),
    noise: { classes: [...classes], matrix: noiseMatrix(calibratedJoint(input)) },
    limit: null,
  };
}

function suspectValues(search: LabelErrorSearch): LabelErrors {
  const { target, predictions, most } = search;
  if (target.task !== "regression" || predictions.kind !== "values")
    throw new Error("Label errors of numbers need numbers.");
  const scores = robustResiduals(target.values, predictions.values);
  const suspects = Array.from(scores.keys())
    .filter((row) => Math.abs(scores[row]!) > RESIDUAL_LIMIT)
    .sort((a, b) => Math.abs(scores[b]!) - Math.abs(scores[a]!) || a - b);
  return {
    method: "residual",
    rows: scores.length,
    found: suspects.length,
    suspects: suspects.slice(0, most).map((row) => ({
      row: search.rowNumbers?.[row] ?? row,
      given: numberText(target.values[row]!),
      suggested: numberText(predictions.values[row]!),
      score: scores[row]!,
      values: rowValues(search.features, row),
    })),
    noise: null,
    limit: RESIDUAL_LIMIT,
  };
}

const BAND_ROWS = 100;
const MOST_BANDS = 10;

/**
 * Residuals from their median in robust standard deviations: the greater of that of all rows and that of the rows with
 * like predictions (bands of equal size), so that neither a noisy region nor a quiet one fills the list.
 */
export function robustResiduals(actual: Float64Array, predicted: Float64Array): Float64Array {
  const residuals = actual.map((value, row) => value - predicted[row]!);
  const centre = weightedMedian(residuals);
  const sizes = residuals.map((residual) => Math.abs(residual - centre));
  const overall = DEVIATIONS_PER_MEDIAN * weightedMedian(sizes);
  const bands = Math.max(1, Math.min(MOST_BANDS, Math.floor(sizes.length / BAND_ROWS)));
  const sorted = predicted.slice().sort();
  const cuts = Array.from({ length: bands - 1 }, (_, k) => quantileOfSorted(sorted, (k + 1) / bands));
  const bandOf = (value: number) => cuts.filter((cut) => value > cut).length;
  const members = Array.from({ length: bands }, (): number[] => []);
  for (const [row, value] of predicted.entries()) members[bandOf(value)]!.push(sizes[row]!);
  const deviations = members.map((band) => DEVIATIONS_PER_MEDIAN * weightedMedian(Float64Array.from(band)));
  return residuals.map((residual, row) => {
    const deviation = Math.max(overall, deviations[bandOf(predicted[row]!)]! || 0);
    return deviation > 0 ? (residual - centre) / deviation : 0;
  });
}
