import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import type { BinaryScores } from "../metrics/ranking.js";

/**
 * What deciding "positive from this score on" brings, for every distinct score, highest first. The arrays have
 * one entry a cut: weight of positives found and of negatives taken with them.
 */
export interface CutPoints {
  readonly scores: Float64Array;
  readonly truePositives: Float64Array;
  readonly falsePositives: Float64Array;
  readonly positives: number;
  readonly negatives: number;
}

export function cutPoints({ scores, positive, weights }: BinaryScores): CutPoints {
  const order = ascendingOrder(scores);
  const cuts = new Float64Array(order.length);
  const truePositives = new Float64Array(order.length);
  const falsePositives = new Float64Array(order.length);
  let count = 0;
  let found = 0;
  let wrong = 0;
  for (let i = order.length - 1; i >= 0; i--) {
    const row = order[i]!;
    const weight = weights ? weights[row]! : 1;
    if (positive[row]) found += weight;
    else wrong += weight;
    if (i > 0 && scores[order[i - 1]!] === scores[row]) continue;
    cuts[count] = scores[row]!;
    truePositives[count] = found;
    falsePositives[count++] = wrong;
  }
  return {
    scores: cuts.slice(0, count),
    truePositives: truePositives.slice(0, count),
    falsePositives: falsePositives.slice(0, count),
    positives: found,
    negatives: wrong,
  };
}

/** Weights of the four outcomes of deciding positive from `threshold` on. */
export interface Outcomes {
  readonly truePositive: number;
  readonly falsePositive: number;
  readonly falseNegative: number;
  readonly trueNegative: number;
}

/** `index` -1: nothing is decided positive. */
export function outcomesAt(cuts: CutPoints, index: number): Outcomes {
  const truePositive = index < 0 ? 0 : cuts.truePositives[index]!;
  const falsePositive = index < 0 ? 0 : cuts.falsePositives[index]!;
  return {
    truePositive,
    falsePositive,
    falseNegative: cuts.positives - truePositive,
    trueNegative: cuts.negatives - falsePositive,
  };
}

/** The last cut whose score is not below the threshold; -1: none. Scores descend. */
export function cutFor(cuts: CutPoints, threshold: number): number {
  let low = 0;
  let high = cuts.scores.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cuts.scores[middle]! >= threshold) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
