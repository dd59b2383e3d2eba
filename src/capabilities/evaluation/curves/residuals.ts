import { normalQuantile } from "../../../foundation/base/normal-distribution.js";
import type { Random } from "../../../foundation/base/random.js";
import { quantileOfSorted, weightedMean } from "../../../foundation/base/statistics.js";
import type { Residuals } from "../../../foundation/contracts/evaluation.js";
import { orNull } from "../intervals/bootstrap.js";
import type { ValueInput } from "../metrics/inputs.js";

const MOST_POINTS = 1500;
const QUANTILES = 99;
const MOST_BINS = 40;

/** Residual = actual - predicted: positive where the model says too little. */
export function residualsOf(input: ValueInput, random: Random): Residuals {
  const residuals = input.actual.map((value, row) => value - input.predicted[row]!);
  const sorted = residuals.slice().sort();
  const mean = weightedMean(input.rows, input.weights, (row) => residuals[row]!);
  const variance = weightedMean(input.rows, input.weights, (row) => (residuals[row]! - mean) ** 2);
  const deviation = Math.sqrt(variance);
  return {
    points: sampleRows(input.rows, random).map((row) => [input.predicted[row]!, residuals[row]!]),
    histogram: histogramOf(sorted),
    quantiles: deviation > 0 ? normalComparison(sorted, mean, deviation) : [],
    mean: orNull(mean),
    standardDeviation: orNull(deviation),
  };
}

function sampleRows(rows: number, random: Random): number[] {
  if (rows <= MOST_POINTS) return Array.from({ length: rows }, (_, row) => row);
  return Array.from(random.permutation(rows).subarray(0, MOST_POINTS)).sort((a, b) => a - b);
}

function normalComparison(sorted: Float64Array, mean: number, deviation: number): [number, number][] {
  const count = Math.min(QUANTILES, sorted.length);
  return Array.from({ length: count }, (_, i) => {
    const share = (i + 0.5) / count;
    return [normalQuantile(share), (quantileOfSorted(sorted, share) - mean) / deviation];
  });
}

/** Freedman and Diaconis' width (1981) over the middle 99 %; what lies beyond is counted in the outer bins. */
export function histogramOf(sorted: Float64Array): Residuals["histogram"] {
  if (sorted.length === 0) return { edges: [0, 1], counts: [0] };
  const low = quantileOfSorted(sorted, 0.005);
  const high = quantileOfSorted(sorted, 0.995);
  if (high <= low) return { edges: [low - 0.5, low + 0.5], counts: [sorted.length] };
  const spread = quantileOfSorted(sorted, 0.75) - quantileOfSorted(sorted, 0.25);
  const width = (2 * spread) / Math.cbrt(sorted.length);
  const bins = Math.min(MOST_BINS, Math.max(5, width > 0 ? Math.ceil((high - low) / width) : MOST_BINS));
  const counts = new Array<number>(bins).fill(0);
  for (const value of sorted) {
    const bin = Math.floor(((value - low) / (high - low)) * bins);
    counts[Math.min(bins - 1, Math.max(0, bin))]! += 1;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => low + ((high - low) * i) / bins), counts };
}
