/** ln Gamma(x) for x > 0: Lanczos, g = 7, nine terms; absolute error about 1e-14. */
export function logGamma(x: number): number {
  const coefficients = [
    0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059,
    12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  if (x < 0.5) return Math.log(Math.PI / Math.sin(Math.PI * x)) - logGamma(1 - x);
  const shifted = x - 1;
  let sum = coefficients[0]!;
  for (let i = 1; i < 9; i++) sum += coefficients[i]! / (shifted + i);
  const t = shifted + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum);
}

/** Derivative of ln Gamma(x) for x > 0 (Abramowitz and Stegun, 6.3.5 and 6.3.18); absolute error about 1e-10. */
export function digamma(x: number): number {
  let [value, at] = [0, x];
  for (; at < 7; at++) value -= 1 / at;
  const inverse = 1 / (at * at);
  const series = inverse * (1 / 12 - inverse * (1 / 120 - inverse / 252));
  return value + Math.log(at) - 0.5 / at - series;
}
