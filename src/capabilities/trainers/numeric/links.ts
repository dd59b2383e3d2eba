/** Logistic and softmax links, stable for scores of any size. */

export function sigmoid(score: number): number {
  if (score >= 0) return 1 / (1 + Math.exp(-score));
  const exponential = Math.exp(score);
  return exponential / (1 + exponential);
}

/** log(1 + exp(score)). */
export function softplus(score: number): number {
  return score > 0 ? score + Math.log1p(Math.exp(-score)) : Math.log1p(Math.exp(score));
}

/** Softmax of each row of `rows * classes` scores, in place. */
export function softmaxRows(scores: Float64Array, classes: number): Float64Array {
  for (let base = 0; base < scores.length; base += classes) {
    let greatest = Number.NEGATIVE_INFINITY;
    for (let k = 0; k < classes; k++) greatest = Math.max(greatest, scores[base + k]!);
    let sum = 0;
    for (let k = 0; k < classes; k++) {
      const exponential = Math.exp(scores[base + k]! - greatest);
      scores[base + k] = exponential;
      sum += exponential;
    }
    for (let k = 0; k < classes; k++) scores[base + k]! /= sum;
  }
  return scores;
}

/** Scores of the positive class to rows of [1 - p, p]. */
export function binaryProbabilities(scores: Float64Array): Float64Array {
  const values = new Float64Array(scores.length * 2);
  for (let row = 0; row < scores.length; row++) {
    values[2 * row] = sigmoid(-scores[row]!);
    values[2 * row + 1] = sigmoid(scores[row]!);
  }
  return values;
}
