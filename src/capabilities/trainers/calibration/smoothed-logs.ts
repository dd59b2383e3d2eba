/**
 * Logarithms of probabilities, each raised by 2^-10 first. A graph knows a small probability only to about
 * 1e-7 absolute (float32 sigmoid); its plain logarithm would turn that into differences anyone can see. The
 * raise bounds the slope, and keeps the order of probabilities at any distance from 0.
 */
export const PROBABILITY_RAISE = 2 ** -10;

/** Elementwise log(p + raise). */
export function smoothedLogs(probabilities: Float64Array): Float64Array {
  return probabilities.map((value) => Math.log(value + PROBABILITY_RAISE));
}

/** Binary rows [p0, p1] to log(p1 + raise) - log(p0 + raise). */
export function smoothedLogits(probabilities: Float64Array): Float64Array {
  const logits = new Float64Array(probabilities.length / 2);
  for (let row = 0; row < logits.length; row++) {
    logits[row] =
      Math.log(probabilities[2 * row + 1]! + PROBABILITY_RAISE) -
      Math.log(probabilities[2 * row]! + PROBABILITY_RAISE);
  }
  return logits;
}
