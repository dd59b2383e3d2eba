import { studentReach, studentTwoSided } from "../../../foundation/base/beta-distribution.js";
import { normalBelow, normalQuantile } from "../../../foundation/base/normal-distribution.js";
import type { Comparison } from "../../../foundation/contracts/evaluation.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { type Predictions, targetRows } from "../../../foundation/contracts/target.js";
import { type AnyMetric, orient } from "../metrics/index.js";
import {
  type BootstrapOptions,
  ENOUGH_FOR_TAILS,
  LEVEL,
  normalInterval,
  orNull,
  tailQuantile,
} from "./bootstrap.js";
import { affordableResamples, createResampler } from "./resample.js";

/** The other model, on the same rows. */
export interface Rival {
  readonly name: string;
  readonly predictions: Predictions;
}

/**
 * Paired bootstrap: both models are judged on the same resamples, so that easy and hard draws cancel out.
 * Percentiles of resamples are too narrow for few rows; the tails are widened to what Student's t would ask for
 * (Hesterberg 2015, "expanded percentile"). The p value is two-sided and agrees with the interval.
 */
export function compareModels(
  metric: AnyMetric,
  input: MetricInput,
  rival: Rival,
  options: BootstrapOptions,
): Comparison {
  const config = metric.config.parse({});
  const other = { ...input, predictions: rival.predictions };
  const rows = targetRows(input.target);
  const classes = input.target.task === "regression" ? 2 : input.target.classes.length;
  const resamples = affordableResamples(rows, 2 * classes, options.resamples);
  const draw = createResampler(input, options.random);
  const draws = new Float64Array(resamples);
  for (let sample = 0; sample < resamples; sample++) {
    options.signal?.throwIfAborted();
    const weights = draw();
    draws[sample] =
      orient(metric, metric.compute({ ...input, weights }, config)) -
      orient(metric, metric.compute({ ...other, weights }, config));
  }
  const sorted = draws.filter((value) => !Number.isNaN(value)).sort();
  const otherValue = metric.compute(other, config);
  const improvement = orient(metric, metric.compute(input, config)) - orient(metric, otherValue);
  const few = fewestRows(input);
  const tail = normalBelow(-studentReach(LEVEL, few - 1) * Math.sqrt(few / (few - 1)));
  // With few rows the widened tails lie beyond the last of the draws: then their spread says what they cannot.
  const hasTails = sorted.length >= ENOUGH_FOR_TAILS && tail * (sorted.length + 1) >= 1;
  const [low, high] = hasTails
    ? [tailQuantile(sorted, tail), tailQuantile(sorted, 1 - tail)]
    : normalInterval(improvement, sorted, tail);
  const pValue = hasTails ? pValueOf(sorted, few) : pValueOfSpread(improvement, sorted, few);
  return {
    with: rival.name,
    metric: metric.id,
    other: orNull(otherValue),
    improvement: orNull(improvement),
    low: orNull(low),
    high: orNull(high),
    pValue: orNull(pValue),
    rows,
    resamples,
    verdict: low > 0 ? "better" : high < 0 ? "worse" : "no-clear-difference",
  };
}

/** Rows of the smallest class drawn from: as resamples are drawn within classes, these limit what they tell. */
function fewestRows({ target }: MetricInput): number {
  if (target.task === "regression") return Math.max(2, target.values.length);
  const counts = new Int32Array(target.classes.length);
  for (const code of target.codes) counts[code]! += 1;
  return Math.max(
    2,
    counts.reduce((least, rows) => (rows > 0 && rows < least ? rows : least), targetRows(target)),
  );
}

/** Twice the share of resamples on the other side of no difference, with the widened tails of the interval. */
function pValueOf(draws: Float64Array, few: number): number {
  if (draws.length === 0) return Number.NaN;
  const notAbove = draws.reduce((count, value) => count + (value <= 0 ? 1 : 0), 0);
  const notBelow = draws.reduce((count, value) => count + (value >= 0 ? 1 : 0), 0);
  const tail = (Math.min(notAbove, notBelow) + 1) / (draws.length + 1);
  if (tail >= 0.5) return 1;
  return studentTwoSided(normalQuantile(tail) * Math.sqrt((few - 1) / few), few - 1);
}

/** The same from the spread of the draws alone. */
function pValueOfSpread(improvement: number, draws: Float64Array, few: number): number {
  if (draws.length < 2) return Number.NaN;
  const [low, high] = normalInterval(0, draws, normalBelow(-1));
  const deviation = (high - low) / 2;
  if (deviation === 0) return improvement === 0 ? 1 : 0;
  return studentTwoSided((improvement / deviation) * Math.sqrt((few - 1) / few), few - 1);
}
