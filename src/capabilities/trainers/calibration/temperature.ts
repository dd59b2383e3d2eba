import { softmaxRows } from "../numeric/links.js";

const LEAST_SHARPNESS = 0.05;
/** A greater one would stake everything on rows without an error so far. */
const GREATEST_SHARPNESS = 5;

/**
 * The least probability of any class: n rows (their weights' sum) without an error leave the odds of one at about
 * 1 / (n + 2) (Laplace), shared by the classes. Costs less than 1 / n a row; one confident error costs log n less.
 */
export function probabilityFloor(rows: number, classes: number): number {
  return 1 / ((rows + 2) * classes);
}

/**
 * The sharpness (1 / temperature) that minimises the log loss of softmax(sharpness * logs), by Newton steps on
 * a convex function, kept within [0.05, 5] (Guo and others, On calibration of modern neural networks, 2017).
 * The true class of n rows (their weights' sum) counts as 1 - 1 / (n + 2), as in Platt's method: no error among n rows does not make
 * errors impossible. `logs`: row-major `rows * classes`.
 */
export function fitSharpness(
  logs: Float64Array,
  codes: Int32Array,
  classes: number,
  weights?: Float64Array,
): number {
  let low = LEAST_SHARPNESS;
  let high = GREATEST_SHARPNESS;
  let sharpness = 1;
  for (let iteration = 0; iteration < 60; iteration++) {
    const { slope, curvature } = derivatives(logs, codes, classes, weights, sharpness);
    if (slope > 0) high = sharpness;
    else low = sharpness;
    const newton = sharpness - slope / curvature;
    // Bisection where Newton leaves the bracket.
    const next = newton > low && newton < high ? newton : (low + high) / 2;
    if (Math.abs(next - sharpness) <= 1e-10 * sharpness) return next;
    sharpness = next;
  }
  return sharpness;
}

/** First and second derivative of the summed log loss with respect to the sharpness. */
function derivatives(
  logs: Float64Array,
  codes: Int32Array,
  classes: number,
  weights: Float64Array | undefined,
  sharpness: number,
): { slope: number; curvature: number } {
  const probabilities = softmaxRows(
    logs.map((log) => sharpness * log),
    classes,
  );
  const rows = weights ? weights.reduce((sum, weight) => sum + weight, 0) : codes.length;
  const doubt = 1 / (rows + 2);
  let slope = 0;
  let curvature = 0;
  for (let row = 0; row < codes.length; row++) {
    const base = row * classes;
    let mean = 0;
    let square = 0;
    let average = 0;
    for (let k = 0; k < classes; k++) {
      mean += probabilities[base + k]! * logs[base + k]!;
      square += probabilities[base + k]! * logs[base + k]! ** 2;
      average += logs[base + k]! / classes;
    }
    const weight = weights ? weights[row]! : 1;
    slope += weight * (mean - (1 - doubt) * logs[base + codes[row]!]! - doubt * average);
    curvature += weight * (square - mean * mean);
  }
  return { slope, curvature };
}
