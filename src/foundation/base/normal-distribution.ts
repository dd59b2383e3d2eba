/** The standard normal distribution. */

/** Share below `z`; error below 1e-15 relative in the body (continued fraction and series of Abramowitz 26.2). */
export function normalBelow(z: number): number {
  if (z === 0) return 0.5;
  const upper = upperTail(Math.abs(z));
  return z > 0 ? 1 - upper : upper;
}

/** Two-sided p value of a standard normal statistic. */
export function twoSided(z: number): number {
  return Math.min(1, 2 * upperTail(Math.abs(z)));
}

function upperTail(z: number): number {
  const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
  if (z < 3) {
    let term = z;
    let sum = z;
    for (let k = 3; Math.abs(term) > 1e-17 * sum; k += 2) {
      term *= (z * z) / k;
      sum += term;
    }
    return 0.5 - density * sum;
  }
  let fraction = z;
  for (let k = 200; k >= 1; k--) fraction = z + k / fraction;
  return density / fraction;
}

/** The value below which `share` lies: Acklam's approximation refined by one step of Halley's method. */
export function normalQuantile(share: number): number {
  if (share <= 0) return Number.NEGATIVE_INFINITY;
  if (share >= 1) return Number.POSITIVE_INFINITY;
  if (share > 0.5) return -normalQuantile(1 - share);
  const guess = share < 0.02425 ? tailGuess(Math.sqrt(-2 * Math.log(share))) : bodyGuess(share - 0.5);
  const error = (normalBelow(guess) - share) * Math.sqrt(2 * Math.PI) * Math.exp((guess * guess) / 2);
  return guess - error / (1 + (guess * error) / 2);
}

function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((value, coefficient) => value * x + coefficient, 0);
}

function tailGuess(q: number): number {
  const top = [-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734];
  const bottom = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
  return polynomial(q, [...top, 4.374664141464968, 2.938163982698783]) / polynomial(q, bottom);
}

function bodyGuess(q: number): number {
  const r = q * q;
  const top = [-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2];
  const bottom = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1];
  return (
    (q * polynomial(r, [...top, -3.066479806614716e1, 2.506628277459239])) /
    polynomial(r, [...bottom, -1.328068155288572e1, 1])
  );
}
