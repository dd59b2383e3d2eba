/**
 * Platt's sigmoid P(y = 1 | f) = 1 / (1 + exp(-(slope f + offset))), fitted to smoothed targets by Newton's
 * method with backtracking (Lin, Lin and Weng, A note on Platt's probabilistic outputs, 2007).
 */
import { sigmoid, softplus } from "./links.js";

export interface Sigmoid {
  readonly slope: number;
  readonly offset: number;
}

/** `positive[i]` is 1 or 0; weights absent: all 1. */
export function fitSigmoid(
  scores: Float64Array,
  positive: ArrayLike<number>,
  weights?: Float64Array,
): Sigmoid {
  let positives = 0;
  let negatives = 0;
  for (let i = 0; i < scores.length; i++) {
    const weight = weights ? weights[i]! : 1;
    if (positive[i]) positives += weight;
    else negatives += weight;
  }
  const high = (positives + 1) / (positives + 2);
  const low = 1 / (negatives + 2);
  let current: Sigmoid = { slope: 0, offset: Math.log((positives + 1) / (negatives + 1)) };
  const loss = ({ slope, offset }: Sigmoid) => {
    let sum = 0;
    for (let i = 0; i < scores.length; i++) {
      const score = slope * scores[i]! + offset;
      sum += (weights ? weights[i]! : 1) * (softplus(score) - (positive[i] ? high : low) * score);
    }
    return sum;
  };
  let value = loss(current);
  for (let iteration = 0; iteration < 100; iteration++) {
    const step = newtonStep(scores, positive, weights, current, high, low);
    if (Math.abs(step.gradient[0]) < 1e-8 && Math.abs(step.gradient[1]) < 1e-8) break;
    let size = 1;
    let moved = false;
    for (; size >= 1e-10; size /= 2) {
      const next = { slope: current.slope + size * step.slope, offset: current.offset + size * step.offset };
      const reached = loss(next);
      if (reached < value + 1e-4 * size * step.decrease) {
        current = next;
        value = reached;
        moved = true;
        break;
      }
    }
    if (!moved) break;
  }
  return current;
}

function newtonStep(
  scores: Float64Array,
  positive: ArrayLike<number>,
  weights: Float64Array | undefined,
  { slope, offset }: Sigmoid,
  high: number,
  low: number,
): { slope: number; offset: number; decrease: number; gradient: readonly [number, number] } {
  let h11 = 1e-12;
  let h22 = 1e-12;
  let h12 = 0;
  let g1 = 0;
  let g2 = 0;
  for (let i = 0; i < scores.length; i++) {
    const weight = weights ? weights[i]! : 1;
    const score = scores[i]!;
    const probability = sigmoid(slope * score + offset);
    const curvature = weight * probability * (1 - probability);
    h11 += score * score * curvature;
    h22 += curvature;
    h12 += score * curvature;
    const residual = weight * (probability - (positive[i] ? high : low));
    g1 += score * residual;
    g2 += residual;
  }
  const determinant = h11 * h22 - h12 * h12;
  const stepSlope = -(h22 * g1 - h12 * g2) / determinant;
  const stepOffset = -(h11 * g2 - h12 * g1) / determinant;
  return {
    slope: stepSlope,
    offset: stepOffset,
    decrease: g1 * stepSlope + g2 * stepOffset,
    gradient: [g1, g2],
  };
}
