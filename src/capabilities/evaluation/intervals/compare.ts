import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Comparison } from "../../../foundation/contracts/evaluation.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { type Predictions, targetRows } from "../../../foundation/contracts/target.js";
import { type AnyMetric, orient } from "../metrics/index.js";
import { type BootstrapOptions, LEVEL, orNull } from "./bootstrap.js";
import { affordableResamples, createResampler } from "./resample.js";

/** The other model, on the same rows. */
export interface Rival {
  readonly name: string;
  readonly predictions: Predictions;
}

/**
 * Paired bootstrap: both models are judged on the same resamples, so that easy and hard draws cancel out.
 * The p value is two-sided: twice the share of resamples on the other side of no difference.
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
  const low = quantileOfSorted(sorted, (1 - LEVEL) / 2);
  const high = quantileOfSorted(sorted, (1 + LEVEL) / 2);
  return {
    with: rival.name,
    metric: metric.id,
    other: orNull(otherValue),
    improvement: orNull(improvement),
    low: orNull(low),
    high: orNull(high),
    pValue: orNull(pValueOf(sorted)),
    rows,
    resamples,
    verdict: low > 0 ? "better" : high < 0 ? "worse" : "no-clear-difference",
  };
}

function pValueOf(draws: Float64Array): number {
  if (draws.length === 0) return Number.NaN;
  const notAbove = draws.reduce((count, value) => count + (value <= 0 ? 1 : 0), 0);
  const notBelow = draws.reduce((count, value) => count + (value >= 0 ? 1 : 0), 0);
  return Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (draws.length + 1));
}
