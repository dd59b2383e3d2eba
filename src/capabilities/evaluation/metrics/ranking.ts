/** Figures that depend on the order of scores only; ties count half or are taken together. */
import { ascendingOrder } from "../../../foundation/base/ascending-order.js";

/** Rows with `positive[row] = 1` against the others. Weights absent: all 1. */
export interface BinaryScores {
  readonly scores: Float64Array;
  readonly positive: Uint8Array;
  readonly weights: Float64Array | undefined;
}

/**
 * Area under the ROC curve: the chance that a positive row scores above a negative one, ties counting half
 * (Mann and Whitney, 1947). NaN when one side has no weight.
 */
export function areaUnderRoc({ scores, positive, weights }: BinaryScores): number {
  const order = ascendingOrder(scores);
  let below = 0;
  let above = 0;
  let positives = 0;
  for (let i = 0; i < order.length; ) {
    const score = scores[order[i]!]!;
    let tiedPositive = 0;
    let tiedNegative = 0;
    for (; i < order.length && scores[order[i]!] === score; i++) {
      const row = order[i]!;
      const weight = weights ? weights[row]! : 1;
      if (positive[row]) tiedPositive += weight;
      else tiedNegative += weight;
    }
    above += tiedPositive * (below + tiedNegative / 2);
    below += tiedNegative;
    positives += tiedPositive;
  }
  return positives > 0 && below > 0 ? above / (positives * below) : Number.NaN;
}

/**
 * Mean of precision over steps of recall, equal scores taken together, no interpolation. NaN without positives.
 */
export function averagePrecisionOf({ scores, positive, weights }: BinaryScores): number {
  const order = ascendingOrder(scores);
  let found = 0;
  let taken = 0;
  let sum = 0;
  for (let i = order.length - 1; i >= 0; ) {
    const score = scores[order[i]!]!;
    let tiedPositive = 0;
    for (; i >= 0 && scores[order[i]!] === score; i--) {
      const row = order[i]!;
      const weight = weights ? weights[row]! : 1;
      taken += weight;
      if (positive[row]) tiedPositive += weight;
    }
    found += tiedPositive;
    if (tiedPositive > 0) sum += tiedPositive * (found / taken);
  }
  return found > 0 ? sum / found : Number.NaN;
}

/** 1 where the code is the class. */
export function membership(codes: Int32Array, classIndex: number): Uint8Array {
  const positive = new Uint8Array(codes.length);
  for (let row = 0; row < codes.length; row++) positive[row] = codes[row] === classIndex ? 1 : 0;
  return positive;
}
