/** How much one column tells about the target; larger is better, 0 where it tells nothing. */

import { finiteValues } from "../../../foundation/base/gather.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { countBelow } from "./search.js";
import { mean, sortedFinite, variance } from "./statistics.js";
import { targetClasses } from "./target-classes.js";

export type Score = (values: Float32Array) => number;

/** Population variance of the finite values. */
export function varianceScore(values: Float32Array): number {
  const finite = finiteValues(values);
  return finite.length === 0 ? 0 : Math.max(0, variance(finite, mean(finite)));
}

/** F of the one-way analysis of variance over classes, or of the linear regression on a number. */
export function anovaF(target: Target): Score {
  if (target.task === "regression") return (values) => regressionF(values, target.values);
  return (values) => {
    const classes = target.classes.length;
    const { sums, sizes } = sumsByClass(values, target.codes, classes);
    const rows = sizes.reduce((sum, size) => sum + size, 0);
    const overall = sums.reduce((sum, own) => sum + own, 0) / rows;
    let between = 0;
    let present = 0;
    for (let code = 0; code < classes; code++) {
      if (sizes[code] === 0) continue;
      present++;
      between += sizes[code]! * (sums[code]! / sizes[code]! - overall) ** 2;
    }
    let within = 0;
    for (let row = 0; row < values.length; row++) {
      const value = values[row]!;
      const code = target.codes[row]!;
      if (Number.isFinite(value)) within += (value - sums[code]! / sizes[code]!) ** 2;
    }
    return ratio(between / (present - 1), within / (rows - present));
  };
}

function regressionF(values: Float32Array, target: Float64Array): number {
  let rows = 0;
  let [meanX, meanY, xx, yy, xy] = [0, 0, 0, 0, 0];
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!Number.isFinite(value)) continue;
    // Welford's update of means and co-moments.
    rows++;
    const dx = value - meanX;
    const dy = target[row]! - meanY;
    meanX += dx / rows;
    meanY += dy / rows;
    xx += dx * (value - meanX);
    yy += dy * (target[row]! - meanY);
    xy += dx * (target[row]! - meanY);
  }
  const squared = (xy * xy) / (xx * yy);
  return ratio(squared * (rows - 2), 1 - squared);
}

/** Chi-squared of the column's sums by class against those expected; negative numbers count as 0. */
export function chiSquare(target: Target): Score {
  const { codes, count } = targetClasses(target, 10);
  return (values) => {
    const { sums, sizes } = sumsByClass(
      values.map((value) => Math.max(0, value)),
      codes,
      count,
    );
    const rows = sizes.reduce((sum, size) => sum + size, 0);
    const total = sums.reduce((sum, own) => sum + own, 0);
    let statistic = 0;
    for (let code = 0; code < count; code++) {
      const expected = (total * sizes[code]!) / rows;
      if (expected > 0) statistic += (sums[code]! - expected) ** 2 / expected;
    }
    return statistic;
  };
}

/**
 * Mutual information in nats between the column in 32 quantile bins (missing is a bin) and the target's
 * classes (a number: 10 slices), less the Miller-Madow bias of that many cells.
 */
export function mutualInformation(target: Target, bins = 32): Score {
  const { codes, count } = targetClasses(target, 10);
  return (values) => {
    const binOf = binning(values, bins);
    const cells = new Float64Array((bins + 1) * count);
    const byBin = new Float64Array(bins + 1);
    const byClass = new Float64Array(count);
    for (let row = 0; row < values.length; row++) {
      const bin = binOf(values[row]!);
      cells[bin * count + codes[row]!]!++;
      byBin[bin]!++;
      byClass[codes[row]!]!++;
    }
    let information = 0;
    let filled = 0;
    for (const [cell, size] of cells.entries()) {
      if (size === 0) continue;
      filled++;
      const expected = (byBin[Math.floor(cell / count)]! * byClass[cell % count]!) / values.length;
      information += (size / values.length) * Math.log(size / expected);
    }
    const present = (counts: Float64Array) => counts.filter((size) => size > 0).length;
    const bias = (filled - present(byBin) - present(byClass) + 1) / (2 * values.length);
    return Math.max(0, information - bias) || 0;
  };
}

/** The last bin is for missing values. */
function binning(values: Float32Array, bins: number): (value: number) => number {
  const sorted = sortedFinite(values);
  const edges = new Set<number>();
  for (let bin = 1; bin < bins && sorted.length > 0; bin++) {
    // Values themselves, so that a column of few values keeps each apart.
    const edge = sorted[Math.floor((bin * sorted.length) / bins)]!;
    if (edge > sorted[0]!) edges.add(edge);
  }
  const knots = [...edges];
  return (value) => (Number.isNaN(value) ? bins : countBelow(knots, value));
}

function sumsByClass(values: Float32Array, codes: Int32Array, classes: number) {
  const sums = new Float64Array(classes);
  const sizes = new Float64Array(classes);
  for (let row = 0; row < values.length; row++) {
    const value = values[row]!;
    if (!Number.isFinite(value)) continue;
    sums[codes[row]!]! += value;
    sizes[codes[row]!]!++;
  }
  return { sums, sizes };
}

/** 0 where nothing was measured; a perfect separation is infinite. */
function ratio(above: number, below: number): number {
  const result = above / below;
  return Number.isNaN(result) || result < 0 ? 0 : result;
}
