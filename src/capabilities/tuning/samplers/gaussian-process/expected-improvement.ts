/**
 * The logarithm of expected improvement (Jones et al., 1998), which keeps a usable slope where the improvement itself
 * underflows (Ament et al., "Unexpected improvements to expected improvement", NeurIPS 2023).
 */
import { millsRatio, normalLogDensity } from "../../numeric/normal.js";
import type { Posterior } from "./regression.js";

/** Below this 1 + z * mills(z) is 1 / z^2 to double precision. */
const FAR = -1e4;

/** log E[max(0, best - f(point))], and its gradient where given an array to fill. */
export function logExpectedImprovement(
  model: Posterior,
  best: number,
  point: Float64Array,
  gradient?: Float64Array,
): number {
  const varianceSlope = gradient ? new Float64Array(point.length) : undefined;
  const { mean, variance } = model.predict(point, gradient, varianceSlope);
  const deviation = Math.sqrt(variance);
  const z = (best - mean) / deviation;
  const { log, slope } = logImprovement(z);
  if (gradient && varianceSlope) {
    for (let d = 0; d < point.length; d++) {
      const deviationSlope = varianceSlope[d]! / (2 * deviation);
      gradient[d] = (deviationSlope - slope * (gradient[d]! + z * deviationSlope)) / deviation;
    }
  }
  return Math.log(deviation) + log;
}

/** log(density(z) + z P(Z <= z)) and its derivative P(Z <= z) / (density(z) + z P(Z <= z)). */
export function logImprovement(z: number): { log: number; slope: number } {
  // Beyond this the improvement is z itself, and Mills' ratio would overflow.
  if (z > 30) return { log: Math.log(z), slope: 1 / z };
  const ratio = millsRatio(z);
  const excess = z < FAR ? 1 / (z * z) : 1 + z * ratio;
  return { log: normalLogDensity(z) + Math.log(excess), slope: ratio / excess };
}
