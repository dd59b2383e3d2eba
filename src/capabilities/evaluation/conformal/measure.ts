import { shareInterval } from "../../../foundation/base/beta-distribution.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Conformal, ConformalSet } from "../../../foundation/contracts/conformal.js";
import type { Predictions, Target } from "../../../foundation/contracts/target.js";
import type { BoundedFigure, ConformalReport } from "../../../foundation/contracts/trust.js";
import { orNull } from "../intervals/bootstrap.js";
import { type Intervals, predictIntervals, predictSets } from "./apply.js";

/**
 * What the promise was worth on rows that neither the model nor the calibration saw.
 * `intervals`: given where the method needs more than predictions (normalised, quantile, CV+).
 */
export function measureCoverage(
  conformal: Conformal,
  target: Target,
  predictions: Predictions,
  intervals?: Intervals,
): ConformalReport {
  if (conformal.kind === "set") {
    if (target.task === "regression") throw new Error("Prediction sets are of classes.");
    return measureSets(conformal, target, predictSets(conformal, predictions.values));
  }
  if (target.task !== "regression") throw new Error("Prediction intervals are of numbers.");
  const { low, high } = intervals ?? predictIntervals(conformal, { predicted: predictions.values });
  const covered = target.values.filter((value, row) => value >= low[row]! && value <= high[row]!).length;
  const widths = low.map((value, row) => high[row]! - value).sort();
  return {
    conformal,
    measured: coverage(covered, target.values.length),
    byClass: [],
    meanSize: orNull(widths.reduce((sum, width) => sum + width, 0) / widths.length),
    medianSize: orNull(quantileOfSorted(widths, 0.5)),
    sizes: [],
  };
}

function measureSets(
  conformal: ConformalSet,
  { codes }: { readonly codes: Int32Array },
  sets: Uint8Array,
): ConformalReport {
  const classCount = conformal.classes.length;
  const sizes = new Array<number>(classCount + 1).fill(0);
  const rows = new Float64Array(classCount);
  const hits = new Float64Array(classCount);
  const lengths = Float64Array.from(codes, (code, row) => {
    const members = sets.subarray(row * classCount, (row + 1) * classCount);
    rows[code]! += 1;
    hits[code]! += members[code]!;
    const length = members.reduce((sum, member) => sum + member, 0);
    sizes[length]! += 1;
    return length;
  }).sort();
  const sum = (values: Float64Array) => values.reduce((total, value) => total + value, 0);
  return {
    conformal,
    measured: coverage(sum(hits), codes.length),
    byClass: conformal.classes.flatMap((name, code) => {
      const measured = coverage(hits[code]!, rows[code]!);
      return measured ? [{ class: name, ...measured }] : [];
    }),
    meanSize: orNull(sum(lengths) / lengths.length),
    medianSize: orNull(quantileOfSorted(lengths, 0.5)),
    sizes,
  };
}

function coverage(hits: number, rows: number): { rows: number; covered: BoundedFigure } | null {
  if (rows === 0) return null;
  const [low, high] = shareInterval(hits, rows);
  return { rows, covered: { value: hits / rows, low, high } };
}
