import type { Random } from "../../../foundation/base/random.js";
import type { SearchSpace } from "../../../foundation/contracts/search-space.js";
import { type ImportanceRequest, importanceForest } from "./study-forest.js";

/**
 * How much worse a forest predicts the trials when one dimension's values are shuffled among them (Breiman, 2001):
 * the increase of the squared error over the variance of the values, 0 or more. Interactions count for each of their
 * dimensions. All 0 where the values do not differ; NaN for fewer than 4 completed trials.
 */
export function permutationImportance(
  space: SearchSpace,
  request: ImportanceRequest,
  random: Random,
): Readonly<Record<string, number>> {
  const stream = random.fork("permutation");
  const { encoder, points, values, trees } = importanceForest(space, request, stream);
  const predict = (point: Float64Array) =>
    trees ? trees.reduce((sum, tree) => sum + tree.predict(point), 0) / trees.length : Number.NaN;
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const errorOf = (inputs: readonly Float64Array[]) =>
    inputs.reduce((sum, input, row) => sum + (predict(input) - values[row]!) ** 2, 0);
  const base = errorOf(points);
  return Object.fromEntries(
    encoder.parts.map(({ dimension, first, size }) => {
      const order = stream.fork(dimension.name).permutation(points.length);
      const shuffled = points.map((point, row) => {
        const copy = point.slice();
        copy.set(points[order[row]!]!.subarray(first, first + size), first);
        return copy;
      });
      const increase = errorOf(shuffled) - base;
      if (!trees) return [dimension.name, Number.NaN];
      return [dimension.name, variance === 0 ? 0 : Math.max(0, increase / variance)];
    }),
  );
}
