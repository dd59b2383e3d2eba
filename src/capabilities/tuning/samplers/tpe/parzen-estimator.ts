/**
 * A density over a mixed, conditional space: a weighted mixture of product kernels, one a seen configuration and
 * one uniform (the prior). Numbers have normal kernels cut to the axis, whole numbers the mass of their cell, choices
 * a smoothed indicator. A kernel is uniform in a dimension that its configuration left inactive, so that trials of
 * other branches say nothing about it.
 */
import type { Random } from "../../../../foundation/base/random.js";
import type { Configuration, SearchSpace } from "../../../../foundation/contracts/search-space.js";
import { logSumExp, normalMass, truncatedQuantile } from "../../numeric/normal.js";
import { isActive } from "../../space/conditions.js";
import { cellAt, cellCount, valueAt } from "../../space/coordinates.js";

export interface ParzenEstimator {
  sample(random: Random): Configuration;
  /** Log density at coordinates (NaN: inactive), relative to the uniform density. */
  logDensity(point: Float64Array): number;
}

/** Kernels of one dimension, in the order of the observations. */
interface Kernels {
  /** NaN: inactive, the kernel is uniform. */
  readonly centres: Float64Array;
  /** Standard deviations; of choices unused. */
  readonly widths: Float64Array;
  /** Log of the kernel's mass inside the axis. */
  readonly logMass: Float64Array;
}

/**
 * @param space parents first
 * @param points coordinates of the observations, NaN where inactive
 * @param weights of the observations; the prior has weight 1
 */
export function parzenEstimator(
  space: SearchSpace,
  points: readonly Float64Array[],
  weights: readonly number[],
): ParzenEstimator {
  const kernels = space.map((dimension, j) =>
    dimension.kind === "choice" ? choiceKernels(points, j) : numberKernels(points, j),
  );
  const count = points.length;
  const total = weights.reduce((a, b) => a + b, 1);
  const logWeights = Float64Array.from([...weights, 1], (weight) => Math.log(weight / total));
  // What a choice's kernel gives to each value in advance: Laplace smoothing that fades with the observations.
  const smoothing = 1 / (count + 1);

  function logDensity(point: Float64Array): number {
    const terms = logWeights.slice();
    for (const [j, dimension] of space.entries()) {
      const at = point[j]!;
      if (Number.isNaN(at)) continue;
      const size = cellCount(dimension);
      if (dimension.kind === "choice") addChoice(terms, kernels[j]!, at, size, smoothing);
      else if (Number.isFinite(size)) addCell(terms, kernels[j]!, cellAt(dimension, at));
      else addReal(terms, kernels[j]!, at);
    }
    return logSumExp(terms);
  }

  function sample(random: Random): Configuration {
    const kernel = pick(weights, total, random);
    const configuration: Record<string, Configuration[string]> = {};
    for (const [j, dimension] of space.entries()) {
      if (!isActive(dimension, configuration)) continue;
      const centre = kernel < count ? kernels[j]!.centres[kernel]! : Number.NaN;
      configuration[dimension.name] = valueAt(dimension, draw(j, kernel, centre, random));
    }
    return configuration;
  }

  function draw(j: number, kernel: number, centre: number, random: Random): number {
    const share = random.uniform();
    if (Number.isNaN(centre)) return share;
    if (space[j]!.kind !== "choice") return truncatedQuantile(centre, kernels[j]!.widths[kernel]!, share);
    const size = cellCount(space[j]!);
    const smoothed = (size * smoothing) / (1 + size * smoothing);
    return share < smoothed ? share / smoothed : centre;
  }

  return { sample, logDensity };
}

function pick(weights: readonly number[], total: number, random: Random): number {
  let left = random.uniform() * total;
  for (const [k, weight] of weights.entries()) {
    left -= weight;
    if (left < 0) return k;
  }
  return weights.length;
}

function choiceKernels(points: readonly Float64Array[], j: number): Kernels {
  const centres = Float64Array.from(points, (point) => point[j]!);
  return { centres, widths: centres, logMass: centres };
}

/**
 * Widths by Bergstra's rule as in Optuna: the greater distance to a neighbour, at least 1 / min(100, 1 + kernels)
 * of the axis ("magic clip"), at most the axis.
 */
function numberKernels(points: readonly Float64Array[], j: number): Kernels {
  const centres = Float64Array.from(points, (point) => point[j]!);
  const active = Array.from(centres.keys()).filter((k) => !Number.isNaN(centres[k]!));
  active.sort((a, b) => centres[a]! - centres[b]!);
  const least = 1 / Math.min(100, 2 + active.length);
  const widths = new Float64Array(centres.length).fill(1);
  for (const [position, k] of active.entries()) {
    const centre = centres[k]!;
    const alone = active.length === 1;
    const below = position > 0 ? centre - centres[active[position - 1]!]! : alone ? centre : 0;
    const above =
      position + 1 < active.length ? centres[active[position + 1]!]! - centre : alone ? 1 - centre : 0;
    widths[k] = Math.min(1, Math.max(least, below, above));
  }
  const logMass = widths.map((width, k) =>
    Math.log(normalMass(-centres[k]! / width, (1 - centres[k]!) / width)),
  );
  return { centres, widths, logMass };
}

const LOG_SQRT_2PI = 0.5 * Math.log(2 * Math.PI);

function addReal(terms: Float64Array, { centres, widths, logMass }: Kernels, at: number): void {
  for (let k = 0; k < centres.length; k++) {
    const centre = centres[k]!;
    if (Number.isNaN(centre)) continue;
    const z = (at - centre) / widths[k]!;
    terms[k]! -= 0.5 * z * z + LOG_SQRT_2PI + Math.log(widths[k]!) + logMass[k]!;
  }
}

function addCell(terms: Float64Array, kernels: Kernels, [from, to]: readonly [number, number]): void {
  const { centres, widths, logMass } = kernels;
  for (let k = 0; k < centres.length; k++) {
    const centre = centres[k]!;
    if (Number.isNaN(centre)) continue;
    const mass = normalMass((from - centre) / widths[k]!, (to - centre) / widths[k]!);
    // A cell far from the centre keeps a positive density, however small.
    terms[k]! += Math.log(Math.max(mass, 1e-300) / (to - from)) - logMass[k]!;
  }
}

function addChoice(
  terms: Float64Array,
  { centres }: Kernels,
  at: number,
  size: number,
  smoothing: number,
): void {
  const other = Math.log((size * smoothing) / (1 + size * smoothing));
  const own = Math.log((size * (1 + smoothing)) / (1 + size * smoothing));
  for (let k = 0; k < centres.length; k++) {
    const centre = centres[k]!;
    if (!Number.isNaN(centre)) terms[k]! += centre === at ? own : other;
  }
}
