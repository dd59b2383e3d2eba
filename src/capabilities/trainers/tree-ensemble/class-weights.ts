import type { Target } from "../../../foundation/contracts/target.js";

/** Row weights times a factor by class, such that every class that occurs has the same total. */
export function balancedWeights(target: Target, weights: Float64Array | undefined): Float64Array | undefined {
  if (target.task === "regression") return weights;
  const totals = new Float64Array(target.classes.length);
  let total = 0;
  for (const [row, code] of target.codes.entries()) {
    const weight = weights?.[row] ?? 1;
    totals[code] = totals[code]! + weight;
    total += weight;
  }
  const present = totals.filter((sum) => sum > 0).length;
  return Float64Array.from(
    target.codes,
    (code, row) => ((weights?.[row] ?? 1) * total) / (present * totals[code]!),
  );
}
