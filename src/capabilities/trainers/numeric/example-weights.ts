import type { ClassTarget, Target } from "../../../foundation/contracts/target.js";

export type ClassWeights = "none" | "balanced";

/**
 * Sample weights times class weights; undefined when all are 1. `balanced` gives each class that occurs the
 * same total weight (rows / (classes * count), as scikit-learn). A regression has no classes to balance.
 */
export function exampleWeights(
  target: Target,
  weights: Float64Array | undefined,
  classWeights: ClassWeights,
): Float64Array | undefined {
  if (classWeights === "none" || target.task === "regression") return weights;
  const counts = classCounts(target, weights);
  const present = counts.filter((count) => count > 0).length;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from(target.codes, (code, row) => {
    const weight = weights ? weights[row]! : 1;
    return weight === 0 ? 0 : (weight * total) / (present * counts[code]!);
  });
}

/** Total weight of each class. */
export function classCounts(target: ClassTarget, weights?: Float64Array): Float64Array {
  const counts = new Float64Array(target.classes.length);
  for (let row = 0; row < target.codes.length; row++) {
    counts[target.codes[row]!]! += weights ? weights[row]! : 1;
  }
  return counts;
}
