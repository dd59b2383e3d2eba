import type { ConformalSet } from "../../../foundation/contracts/conformal.js";

type SetRule = Pick<ConformalSet, "method" | "penalty">;

/**
 * How ill each class suits its row, row-major `rows * classCount`: `lac` 1 - p; `aps` p and all that is more
 * probable; `raps` adds the penalty for each rank beyond the free ones. Classes as probable as one another share the
 * later rank, so that the answer depends on no order.
 */
export function classScores(probabilities: Float64Array, classCount: number, rule: SetRule): Float64Array {
  if (rule.method === "lac") return probabilities.map((probability) => 1 - probability);
  const scores = new Float64Array(probabilities.length);
  const order = Array.from({ length: classCount }, (_, k) => k);
  for (let start = 0; start < probabilities.length; start += classCount) {
    order.sort((a, b) => probabilities[start + b]! - probabilities[start + a]!);
    let sum = 0;
    for (let rank = 0; rank < classCount; ) {
      const value = probabilities[start + order[rank]!]!;
      let end = rank;
      while (end < classCount && probabilities[start + order[end]!]! === value) end++;
      sum += value * (end - rank);
      for (; rank < end; rank++) scores[start + order[rank]!] = sum + penaltyOf(rule, end);
    }
  }
  return scores;
}

/** `rank` counts from 1. */
function penaltyOf({ penalty }: SetRule, rank: number): number {
  return penalty ? penalty.weight * Math.max(0, rank - penalty.rank) : 0;
}

/** The scores of the true classes. */
export function trueScores(scores: Float64Array, classCount: number, codes: Int32Array): Float64Array {
  return Float64Array.from(codes, (code, row) => scores[row * classCount + code]!);
}
