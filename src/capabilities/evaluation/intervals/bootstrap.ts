import { normalBelow, normalQuantile } from "../../../foundation/base/normal-distribution.js";
import type { Random } from "../../../foundation/base/random.js";
import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Estimate } from "../../../foundation/contracts/evaluation.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { targetRows } from "../../../foundation/contracts/target.js";
import type { AnyMetric } from "../metrics/index.js";
import { affordableResamples, createResampler, favourableOrder, takeInput } from "./resample.js";

/** 95 %. */
export const LEVEL = 0.95;
const TAIL = (1 - LEVEL) / 2;
/** Below this many resamples their tails are too thin to read; their spread is not. */
export const ENOUGH_FOR_TAILS = 200;
const JACKKNIFE_BLOCKS = 50;
/** Acceleration shrinks with the root of the rows; beyond these it moves no digit that is shown. */
const JACKKNIFE_ROWS = 20_000;

export interface BootstrapOptions {
  readonly random: Random;
  /** Wanted; fewer are drawn for many rows. 0: no intervals. */
  readonly resamples: number;
  /** `bca`: bias-corrected and accelerated (Efron 1987), by a block jackknife. */
  readonly method?: "bca" | "percentile";
  readonly signal?: AbortSignal;
}

/** Values of metrics with their intervals, all on the same resamples, drawn within classes. */
export function estimateMetrics(
  metrics: readonly AnyMetric[],
  given: MetricInput,
  options: BootstrapOptions,
): Map<string, Estimate> {
  const rows = targetRows(given.target);
  const classes = given.target.task === "regression" ? 2 : given.target.classes.length;
  const resamples = affordableResamples(rows, classes, options.resamples);
  const input = takeInput(given, favourableOrder(given));
  const configs = metrics.map((metric) => metric.config.parse({}));
  const values = metrics.map((metric, index) => metric.compute(input, configs[index]!));
  const draws = metrics.map(() => new Float64Array(resamples));
  const draw = createResampler(input, options.random);
  for (let sample = 0; sample < resamples; sample++) {
    options.signal?.throwIfAborted();
    const weighted = { ...input, weights: draw() };
    for (const [index, metric] of metrics.entries())
      draws[index]![sample] = metric.compute(weighted, configs[index]!);
  }
  const entries = metrics.map((metric, index): [string, Estimate] => {
    const value = values[index]!;
    const bounds = () => intervalOf(metric, value, draws[index]!, input, options.method ?? "bca");
    const [low, high] = Number.isNaN(value) || resamples === 0 ? [Number.NaN, Number.NaN] : bounds();
    return [metric.id, { value: orNull(value), low: orNull(low), high: orNull(high), rows, resamples }];
  });
  return new Map(entries);
}

export function orNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function intervalOf(
  metric: AnyMetric,
  value: number,
  draws: Float64Array,
  input: MetricInput,
  method: "bca" | "percentile",
): [number, number] {
  const sorted = draws.filter((draw) => !Number.isNaN(draw)).sort();
  if (sorted.length < draws.length / 2 || sorted.length < 2) return [Number.NaN, Number.NaN];
  if (sorted[0] === sorted.at(-1)) return boundaryInterval(metric, value, targetRows(input.target));
  if (sorted.length < ENOUGH_FOR_TAILS) return clamp(metric, normalInterval(value, sorted));
  if (method === "percentile") return percentiles(sorted, TAIL, 1 - TAIL);
  const [from, to] = correctedTails(value, sorted, () => acceleration(metric, input));
  const [low, high] = percentiles(sorted, from, to);
  // The bias of a figure that only grows by noise (calibration error) is corrected past the figure itself.
  return [Math.min(low, value), Math.max(high, value)];
}

function percentiles(sorted: Float64Array, from: number, to: number): [number, number] {
  return [tailQuantile(sorted, from), tailQuantile(sorted, to)];
}

/**
 * The value below which a new draw would lie with the probability `share` (type 6 of Hyndman and Fan, 1996): of 300
 * draws the 7.5th, where interpolating between the first and the last would take the 8.5th and be too narrow.
 */
export function tailQuantile(sorted: Float64Array, share: number): number {
  const position = (share * (sorted.length + 1) - 1) / (sorted.length - 1);
  return quantileOfSorted(sorted, Math.min(1, Math.max(0, position)));
}

/** From the spread of the draws alone; `tail` on each side. */
export function normalInterval(value: number, draws: Float64Array, tail = TAIL): [number, number] {
  const mean = draws.reduce((sum, draw) => sum + draw, 0) / draws.length;
  const variance = draws.reduce((sum, draw) => sum + (draw - mean) ** 2, 0) / (draws.length - 1);
  const reach = normalQuantile(1 - tail) * Math.sqrt(variance);
  return [value - reach, value + reach];
}

function clamp(metric: AnyMetric, [low, high]: [number, number]): [number, number] {
  const [least, most] = metric.range ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  return [Math.max(least, low), Math.min(most, high)];
}

/**
 * No resample differs: 30 of 30 right say nothing about the 31st. An event not seen in n rows has, with 97.5 %
 * confidence, at most the frequency 1 - 0.025^(1/n); so far may a bounded figure be from its bound.
 */
function boundaryInterval(metric: AnyMetric, value: number, rows: number): [number, number] {
  const [least, most] = metric.range ?? [Number.NaN, Number.NaN];
  const unseen = 1 - TAIL ** (1 / rows);
  if (!Number.isFinite(most - least) || (value !== least && value !== most)) return [value, value];
  return value === most ? [most - unseen * (most - least), most] : [least, least + unseen * (most - least)];
}

/** Tail shares of the BCa interval (Efron and Tibshirani 1993, chapter 14). */
function correctedTails(value: number, sorted: Float64Array, accelerate: () => number): [number, number] {
  const below = sorted.reduce((count, draw) => count + (draw < value ? 1 : draw === value ? 0.5 : 0), 0);
  const bias = normalQuantile(Math.min(1 - 1e-3, Math.max(1e-3, below / sorted.length)));
  const a = accelerate();
  const corrected = (share: number) => {
    const z = bias + normalQuantile(share);
    return normalBelow(bias + z / (1 - a * z));
  };
  return [corrected(TAIL), corrected(1 - TAIL)];
}

/** Skewness of the figures with one block of rows left out each time; 0 where it cannot be told. */
function acceleration(metric: AnyMetric, input: MetricInput): number {
  const rows = targetRows(input.target);
  if (rows > JACKKNIFE_ROWS) return 0;
  const blocks = Math.min(JACKKNIFE_BLOCKS, rows);
  const config = metric.config.parse({});
  const values = Array.from({ length: blocks }, (_, block) => {
    const weights = input.weights ? input.weights.slice() : new Float64Array(rows).fill(1);
    for (let row = block; row < rows; row += blocks) weights[row] = 0;
    return metric.compute({ ...input, weights }, config);
  }).filter((value) => !Number.isNaN(value));
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const square = values.reduce((sum, value) => sum + (mean - value) ** 2, 0);
  const cube = values.reduce((sum, value) => sum + (mean - value) ** 3, 0);
  return square > 0 ? cube / (6 * square ** 1.5) : 0;
}
