/**
 * Gaussian process regression with a Matern 5/2 kernel and one length scale a dimension (Rasmussen and Williams,
 * 2006, chapters 4 and 5). Choices differ by 0 or 1, whatever their values.
 */
import { choleskyWithJitter, inverseFromFactor, solveLower, solveUpper } from "../../numeric/cholesky.js";
import { minimizeInBox } from "../../numeric/minimize-in-box.js";

export interface ModelData {
  /** One Float64Array of `width` an observation, in [0, 1]; choices are codes. */
  readonly points: readonly Float64Array[];
  /** True: a choice, compared for equality only. */
  readonly isChoice: readonly boolean[];
  /** Mean 0 and variance 1 or so. */
  readonly values: Float64Array;
}

/** Natural logarithms: of each length scale, then of the signal variance, then of the noise variance. */
export type Hyperparameters = Float64Array;

export interface Posterior {
  readonly data: ModelData;
  readonly hyperparameters: Hyperparameters;
  /** Mean and variance of the noiseless function; their gradients too where given arrays to fill. */
  predict(
    point: Float64Array,
    meanSlope?: Float64Array,
    varianceSlope?: Float64Array,
  ): { mean: number; variance: number };
}

const SQRT_5 = Math.sqrt(5);
/**
 * Log-normal priors. Lengths grow with the root of the dimensions (Hvarfner et al., "Vanilla Bayesian optimization
 * performs great in high dimensions", ICML 2024), from a shorter one than theirs: searches here have few dimensions.
 */
const LENGTH_CENTRE = Math.log(0.5);
const LENGTH_SPREAD = Math.sqrt(3);
const SIGNAL_SPREAD = 1;
const NOISE_CENTRE = -7;
const NOISE_SPREAD = 2;
const LENGTH_RANGE = [Math.log(0.02), Math.log(100)] as const;
const SIGNAL_RANGE = [Math.log(0.02), Math.log(50)] as const;
const NOISE_RANGE = [Math.log(1e-7), Math.log(1)] as const;
const ITERATIONS = 40;

/** Squared differences of all pairs i > j, one array a dimension. */
function pairDifferences({ points, isChoice }: ModelData): Float64Array[] {
  const count = points.length;
  return isChoice.map((choice, d) => {
    const squares = new Float64Array((count * (count - 1)) / 2);
    let at = 0;
    for (let i = 1; i < count; i++) {
      const x = points[i]![d]!;
      for (let j = 0; j < i; j++) {
        const other = points[j]![d]!;
        squares[at++] = choice ? Number(x !== other) : (x - other) ** 2;
      }
    }
    return squares;
  });
}

/** The most probable hyperparameters (maximum a posteriori), from two starts. */
export function fitHyperparameters(data: ModelData): Hyperparameters {
  const width = data.isChoice.length;
  const lengthCentre = LENGTH_CENTRE + Math.log(width) / 2;
  const differences = pairDifferences(data);
  const bounds = [...Array.from({ length: width }, () => LENGTH_RANGE), SIGNAL_RANGE, NOISE_RANGE];
  const starts = [lengthCentre - 1, Math.log(0.3)].map((length) =>
    Float64Array.from([...Array<number>(width).fill(length), 0, NOISE_CENTRE]),
  );
  const centres = [...Array<number>(width).fill(lengthCentre), 0, NOISE_CENTRE];
  const spreads = [...Array<number>(width).fill(LENGTH_SPREAD), SIGNAL_SPREAD, NOISE_SPREAD];
  const minima = starts.map((start) =>
    minimizeInBox({
      start,
      low: bounds.map(([low]) => low),
      high: bounds.map(([, high]) => high),
      tolerance: 1e-2,
      maxIterations: ITERATIONS,
      evaluate(point, gradient) {
        let value = negativeLogLikelihood(data, differences, point, gradient);
        for (let k = 0; k < point.length; k++) {
          const z = (point[k]! - centres[k]!) / spreads[k]!;
          value += 0.5 * z * z;
          gradient[k]! += z / spreads[k]!;
        }
        return value;
      },
    }),
  );
  return minima.reduce((best, minimum) => (minimum.value < best.value ? minimum : best)).point;
}

/** Up to a constant; fills the gradient in the logarithms. */
function negativeLogLikelihood(
  { values }: ModelData,
  differences: readonly Float64Array[],
  parameters: Hyperparameters,
  gradient: Float64Array,
): number {
  const count = values.length;
  const width = differences.length;
  const signal = Math.exp(parameters[width]!);
  const noise = Math.exp(parameters[width + 1]!);
  const precision = Float64Array.from({ length: width }, (_, d) => Math.exp(-2 * parameters[d]!));
  const covariance = new Float64Array(count * count);
  // d k / d log length = slope * squared difference * precision
  const slopes = new Float64Array((count * (count - 1)) / 2);
  for (let i = 0, at = 0; i < count; i++) {
    covariance[i * count + i] = signal + noise;
    for (let j = 0; j < i; j++, at++) {
      let square = 0;
      for (let d = 0; d < width; d++) square += differences[d]![at]! * precision[d]!;
      const r = SQRT_5 * Math.sqrt(square);
      const decay = signal * Math.exp(-r);
      covariance[i * count + j] = decay * (1 + r + (r * r) / 3);
      slopes[at] = (5 / 3) * decay * (1 + r);
    }
  }
  const lower = choleskyWithJitter(covariance, count);
  const weights = solveUpper(lower, count, solveLower(lower, count, values.slice()));
  const inverse = inverseFromFactor(lower, count);
  let value = 0;
  gradient.fill(0);
  for (let i = 0, at = 0; i < count; i++) {
    value += 0.5 * values[i]! * weights[i]! + Math.log(lower[i * count + i]!);
    const diagonal = 0.5 * (inverse[i * count + i]! - weights[i]! * weights[i]!);
    gradient[width]! += diagonal * signal;
    gradient[width + 1]! += diagonal * noise;
    for (let j = 0; j < i; j++, at++) {
      const pull = inverse[i * count + j]! - weights[i]! * weights[j]!;
      gradient[width]! += pull * covariance[i * count + j]!;
      const scaled = pull * slopes[at]!;
      for (let d = 0; d < width; d++) gradient[d]! += scaled * differences[d]![at]! * precision[d]!;
    }
  }
  return value;
}

export function posterior(data: ModelData, hyperparameters: Hyperparameters): Posterior {
  const { points, isChoice, values } = data;
  const count = points.length;
  const width = isChoice.length;
  const signal = Math.exp(hyperparameters[width]!);
  const noise = Math.exp(hyperparameters[width + 1]!);
  const precision = Float64Array.from({ length: width }, (_, d) => Math.exp(-2 * hyperparameters[d]!));
  const scaledDistance = (a: Float64Array, b: Float64Array) => {
    let square = 0;
    for (let d = 0; d < width; d++)
      square += precision[d]! * (isChoice[d] ? Number(a[d] !== b[d]) : (a[d]! - b[d]!) ** 2);
    return SQRT_5 * Math.sqrt(square);
  };
  const covariance = new Float64Array(count * count);
  for (let i = 0; i < count; i++) {
    for (let j = 0; j <= i; j++) {
      const r = scaledDistance(points[i]!, points[j]!);
      covariance[i * count + j] = signal * (1 + r + (r * r) / 3) * Math.exp(-r) + (i === j ? noise : 0);
    }
  }
  const lower = choleskyWithJitter(covariance, count);
  const weights = solveUpper(lower, count, solveLower(lower, count, values.slice()));

  function predict(point: Float64Array, meanSlope?: Float64Array, varianceSlope?: Float64Array) {
    const cross = new Float64Array(count);
    const decays = new Float64Array(count);
    let mean = 0;
    for (let i = 0; i < count; i++) {
      const r = scaledDistance(point, points[i]!);
      const decay = signal * Math.exp(-r);
      cross[i] = decay * (1 + r + (r * r) / 3);
      decays[i] = (5 / 3) * decay * (1 + r);
      mean += weights[i]! * cross[i]!;
    }
    const half = solveLower(lower, count, cross.slice());
    let explained = 0;
    for (let i = 0; i < count; i++) explained += half[i]! * half[i]!;
    const variance = Math.max(1e-12 * signal, signal - explained);
    if (meanSlope && varianceSlope) {
      const pull = solveUpper(lower, count, half);
      meanSlope.fill(0);
      varianceSlope.fill(0);
      for (let i = 0; i < count; i++) {
        for (let d = 0; d < width; d++) {
          if (isChoice[d]) continue;
          const slope = -decays[i]! * precision[d]! * (point[d]! - points[i]![d]!);
          meanSlope[d]! += weights[i]! * slope;
          varianceSlope[d]! -= 2 * pull[i]! * slope;
        }
      }
    }
    return { mean, variance };
  }
  return { data, hyperparameters, predict };
}

/** The same model with one more observation. */
export function withObservation(model: Posterior, point: Float64Array, value: number): Posterior {
  const { points, isChoice, values } = model.data;
  const data = { points: [...points, point], isChoice, values: Float64Array.of(...values, value) };
  return posterior(data, model.hyperparameters);
}
