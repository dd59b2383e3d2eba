/**
 * One run of the covariance matrix adaptation evolution strategy with active update (Hansen, "The CMA evolution
 * strategy: a tutorial", 2016) in the unit cube. Samples may come from anywhere: steps longer than the distribution
 * would make are cut, as for injected solutions (Hansen, "Injecting external solutions into CMA-ES", 2011).
 */
import type { Random } from "../../../../foundation/base/random.js";
import { type Eigen, symmetricEigen } from "../../numeric/symmetric-eigen.js";

interface Settings {
  readonly width: number;
  readonly population: number;
  /** By rank, best first; the first half positive with sum 1, the others negative. */
  readonly weights: Float64Array;
  /** Variance-effective size of the positive weights. */
  readonly mass: number;
  readonly meanRate: { readonly sigma: number; readonly damping: number; readonly path: number };
  readonly rankOne: number;
  readonly rankMu: number;
  /** Expected length of a standard normal vector. */
  readonly expectedLength: number;
}

export interface Evolution {
  readonly settings: Settings;
  mean: Float64Array;
  sigma: number;
  covariance: Float64Array;
  eigen: Eigen;
  /** Square roots of the eigenvalues. */
  scales: Float64Array;
  pathSigma: Float64Array;
  pathCovariance: Float64Array;
  generation: number;
  /** Best value of each generation. */
  readonly bestValues: number[];
}

const MOST_CONDITION = 1e14;

export function beginEvolution(mean: Float64Array, sigma: number, population: number): Evolution {
  const width = mean.length;
  const covariance = new Float64Array(width * width);
  for (let i = 0; i < width; i++) covariance[i * width + i] = 1;
  return {
    settings: settingsFor(width, population),
    mean,
    sigma,
    covariance,
    eigen: symmetricEigen(covariance, width),
    scales: new Float64Array(width).fill(1),
    pathSigma: new Float64Array(width),
    pathCovariance: new Float64Array(width),
    generation: 0,
    bestValues: [],
  };
}

/** Table 1 of the tutorial. */
function settingsFor(width: number, population: number): Settings {
  const raw = Array.from({ length: population }, (_, i) => Math.log((population + 1) / 2) - Math.log(i + 1));
  const total = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const squares = (values: readonly number[]) => values.reduce((a, b) => a + b * b, 0);
  const positive = raw.filter((weight) => weight > 0);
  const negative = raw.filter((weight) => weight <= 0);
  const mass = total(positive) ** 2 / squares(positive);
  const negativeMass = negative.length > 0 ? total(negative) ** 2 / Math.max(1e-12, squares(negative)) : 0;
  const rankOne = 2 / ((width + 1.3) ** 2 + mass);
  const rankMu = Math.min(1 - rankOne, (2 * (0.25 + mass + 1 / mass - 2)) / ((width + 2) ** 2 + mass));
  const negativeSum = Math.min(
    1 + rankOne / rankMu,
    1 + (2 * negativeMass) / (mass + 2),
    (1 - rankOne - rankMu) / (width * rankMu),
  );
  const weights = Float64Array.from(raw, (weight) =>
    weight > 0 ? weight / total(positive) : (weight * negativeSum) / Math.max(1e-12, -total(negative)),
  );
  const sigma = (mass + 2) / (width + mass + 5);
  const damping = 1 + 2 * Math.max(0, Math.sqrt((mass - 1) / (width + 1)) - 1) + sigma;
  const path = (4 + mass / width) / (width + 4 + (2 * mass) / width);
  const expectedLength = Math.sqrt(width) * (1 - 1 / (4 * width) + 1 / (21 * width * width));
  return {
    width,
    population,
    weights,
    mass,
    meanRate: { sigma, damping, path },
    rankOne,
    rankMu,
    expectedLength,
  };
}

/** One draw, which may lie outside the cube. */
export function drawPoint({ mean, sigma, eigen, scales }: Evolution, random: Random): Float64Array {
  const width = mean.length;
  const normals = scales.map((scale) => scale * random.normal());
  return mean.map((centre, i) => {
    let sum = 0;
    for (let k = 0; k < width; k++) sum += eigen.vectors[i * width + k]! * normals[k]!;
    return centre + sigma * sum;
  });
}

/** Standard deviation of one coordinate. */
export function deviationOf({ covariance, sigma, mean }: Evolution, coordinate: number): number {
  return sigma * Math.sqrt(covariance[coordinate * mean.length + coordinate]!);
}

/** C^-1/2 y. */
function whiten({ eigen, scales }: Evolution, step: Float64Array): Float64Array {
  const width = step.length;
  const result = new Float64Array(width);
  for (let k = 0; k < width; k++) {
    let along = 0;
    for (let i = 0; i < width; i++) along += eigen.vectors[i * width + k]! * step[i]!;
    along /= scales[k]!;
    for (let i = 0; i < width; i++) result[i]! += eigen.vectors[i * width + k]! * along;
  }
  return result;
}

const length = (values: Float64Array) => Math.hypot(...values);

/** Learns from one generation. `points` NaN where a coordinate played no part; `values` lower is better. */
export function learnGeneration(
  evolution: Evolution,
  points: readonly Float64Array[],
  values: readonly number[],
): void {
  const { settings, mean, sigma } = evolution;
  const { width, weights } = settings;
  const longest = Math.sqrt(width) + (2 * width) / (width + 2);
  const order = Array.from(points.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
  const steps = order.map((row) => {
    const step = mean.map((centre, i) => {
      const x = points[row]![i]!;
      return Number.isNaN(x) ? 0 : (x - centre) / sigma;
    });
    const far = length(whiten(evolution, step)) / longest;
    return far > 1 ? step.map((y) => y / far) : step;
  });
  const shift = new Float64Array(width);
  for (const [rank, step] of steps.entries()) {
    if (weights[rank]! <= 0) continue;
    for (let i = 0; i < width; i++) shift[i]! += weights[rank]! * step[i]!;
  }
  evolution.mean = mean.map((centre, i) => Math.min(1, Math.max(0, centre + sigma * shift[i]!)));
  evolution.generation++;
  evolution.bestValues.push(values[order[0]!]!);
  adapt(evolution, shift, steps);
}

/** The evolution paths, the covariance and the step size. */
function adapt(evolution: Evolution, shift: Float64Array, steps: readonly Float64Array[]): void {
  const { settings, pathSigma, pathCovariance, covariance } = evolution;
  const { width, weights, mass, meanRate, rankOne, rankMu, expectedLength } = settings;
  const whitened = whiten(evolution, shift);
  const pull = Math.sqrt(meanRate.sigma * (2 - meanRate.sigma) * mass);
  evolution.pathSigma = pathSigma.map((value, i) => (1 - meanRate.sigma) * value + pull * whitened[i]!);
  const reached = length(evolution.pathSigma);
  const settled = Math.sqrt(1 - (1 - meanRate.sigma) ** (2 * evolution.generation));
  const moving = reached / settled < (1.4 + 2 / (width + 1)) * expectedLength ? 1 : 0;
  const drift = moving * Math.sqrt(meanRate.path * (2 - meanRate.path) * mass);
  const path = pathCovariance.map((value, i) => (1 - meanRate.path) * value + drift * shift[i]!);
  evolution.pathCovariance = path;
  const adjusted = steps.map((step, rank) => {
    const weight = weights[rank]!;
    if (weight >= 0) return weight;
    // A long bad step must not make the covariance indefinite.
    return (weight * width) / Math.max(1e-12, length(whiten(evolution, step)) ** 2);
  });
  const total = weights.reduce((a, b) => a + b, 0);
  const kept = 1 + rankOne * (1 - moving) * meanRate.path * (2 - meanRate.path) - rankOne - rankMu * total;
  for (let i = 0; i < width; i++) {
    for (let j = 0; j <= i; j++) {
      let value = kept * covariance[i * width + j]! + rankOne * path[i]! * path[j]!;
      for (const [rank, step] of steps.entries()) value += rankMu * adjusted[rank]! * step[i]! * step[j]!;
      covariance[i * width + j] = value;
      covariance[j * width + i] = value;
    }
  }
  const growth = (meanRate.sigma / meanRate.damping) * (reached / expectedLength - 1);
  evolution.sigma = Math.min(1, evolution.sigma * Math.exp(Math.min(1, growth)));
  const pause = Math.max(1, Math.floor(1 / (10 * width * (rankOne + rankMu))));
  if (evolution.generation % pause === 0) decompose(evolution);
}

function decompose(evolution: Evolution): void {
  const { covariance, settings } = evolution;
  const eigen = symmetricEigen(covariance, settings.width);
  const greatest = eigen.values.reduce((a, b) => Math.max(a, b), 1e-300);
  evolution.eigen = eigen;
  evolution.scales = eigen.values.map((value) =>
    Math.sqrt(Math.max(value, greatest / (10 * MOST_CONDITION))),
  );
}

/** Whether this run has nothing left to find: no room, no difference, or a degenerate distribution. */
export function isExhausted({ sigma, scales, bestValues, settings }: Evolution, least: number): boolean {
  const widest = scales.reduce((a, b) => Math.max(a, b), 0);
  const narrowest = scales.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  if (sigma * widest < least || (widest / narrowest) ** 2 > MOST_CONDITION) return true;
  const span = 10 + Math.ceil((30 * settings.width) / settings.population);
  const recent = bestValues.slice(-span);
  return recent.length === span && recent.every((value) => value === recent[0]);
}
