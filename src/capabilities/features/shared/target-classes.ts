import { quantileOfSorted } from "../../../foundation/base/statistics.js";
import type { Target } from "../../../foundation/contracts/target.js";
import { countBelow } from "./search.js";
import { sortedFinite } from "./statistics.js";

/** The target as class codes; numbers are cut into `slices` of about equal size. */
export function targetClasses(
  target: Target | undefined,
  slices: number,
): { codes: Int32Array; count: number } {
  if (!target) throw new Error("This transform needs a target.");
  if (target.task !== "regression") return { codes: target.codes, count: target.classes.length };
  const sorted = sortedFinite(target.values);
  const edges = new Set<number>();
  for (let slice = 1; slice < slices; slice++) {
    const edge = quantileOfSorted(sorted, slice / slices);
    if (edge > sorted[0]!) edges.add(edge);
  }
  const knots = [...edges];
  const codes = Int32Array.from(target.values, (value) => countBelow(knots, value));
  return { codes, count: knots.length + 1 };
}
