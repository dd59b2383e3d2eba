/**
 * Bootstrap resamples as weights: how often each row was drawn. Metrics hold that a weight of 2 is the row given
 * twice, so no row is ever copied; and rows are put in the order in which metrics want them once, not each time.
 */

import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import type { Random } from "../../../foundation/base/random.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { type Predictions, takeTarget, targetRows } from "../../../foundation/contracts/target.js";

/** Rows (times classes) that the resamples of one metric may visit: about half a second. */
const WORK = 1e7;
const FEWEST = 40;

/** As many as asked for, fewer for many rows, where intervals are narrow and smooth. */
export function affordableResamples(rows: number, classes: number, wanted: number): number {
  if (wanted <= 0 || rows < 2) return 0;
  return Math.min(wanted, Math.max(FEWEST, Math.floor(WORK / (rows * Math.max(1, classes - 1)))));
}

/** Rows by ascending score (binary) or error (regression): orders that are sorted already cost a pass. */
export function favourableOrder({ target, predictions }: MetricInput): ArrayLike<number> {
  const keys = new Float64Array(targetRows(target));
  for (let row = 0; row < keys.length; row++) {
    keys[row] =
      target.task === "regression"
        ? Math.abs(target.values[row]! - predictions.values[row]!)
        : predictions.values[row * target.classes.length + 1]!;
  }
  return ascendingOrder(keys);
}

export function takeInput(input: MetricInput, rows: ArrayLike<number>): MetricInput {
  const { weights } = input;
  return {
    ...input,
    target: takeTarget(input.target, rows),
    predictions: takePredictions(input.predictions, rows),
    ...(weights ? { weights: Float64Array.from({ length: rows.length }, (_, i) => weights[rows[i]!]!) } : {}),
  };
}

function takePredictions(predictions: Predictions, rows: ArrayLike<number>): Predictions {
  const width = predictions.kind === "probabilities" ? predictions.classes : 1;
  const values = new Float64Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    for (let k = 0; k < width; k++) values[i * width + k] = predictions.values[rows[i]! * width + k]!;
  }
  return { ...predictions, values };
}

/** Draws resamples: within each class apart, so that no resample lacks a class. */
export function createResampler(input: MetricInput, random: Random): () => Float64Array {
  const rows = targetRows(input.target);
  const strata = strataOf(input);
  const base = input.weights;
  return () => {
    const weights = new Float64Array(rows);
    for (const stratum of strata) {
      for (let draw = 0; draw < stratum.length; draw++)
        weights[stratum[random.integer(stratum.length)]!]! += 1;
    }
    if (base) for (let row = 0; row < rows; row++) weights[row]! *= base[row]!;
    return weights;
  };
}

function strataOf({ target }: MetricInput): readonly Int32Array[] {
  if (target.task === "regression")
    return [Int32Array.from({ length: target.values.length }, (_, row) => row)];
  const strata = target.classes.map((): number[] => []);
  for (let row = 0; row < target.codes.length; row++) strata[target.codes[row]!]!.push(row);
  return strata.filter((rows) => rows.length > 0).map((rows) => Int32Array.from(rows));
}
