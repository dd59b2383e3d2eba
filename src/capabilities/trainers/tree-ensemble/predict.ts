import { scoreTrees } from "../../../engines/kernels/tree-scorer.js";
import { featureViews } from "../../../foundation/contracts/feature-matrix.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import { scorableTerms } from "./linear-leaves.js";
import type { TreeEnsemble } from "./tree-ensemble.js";

/**
 * The sums or averages of leaf values, and the base: float64 [rows][outputs], row-major.
 * The frame's features must be those of the training, in their order.
 */
export function predictScores(ensemble: TreeEnsemble, features: Frame): Float64Array {
  const { outputs, base } = ensemble;
  const views = featureViews(features);
  const width = views.length;
  const { linear, ...trees } = ensemble;
  const scorable = linear ? { ...trees, linear: scorableTerms(linear, width) } : trees;
  const scores = scoreTrees(scorable, features.rows, width, (block, start, count) => {
    for (const [k, { values, offset, stride }] of views.entries()) {
      let from = offset + start * stride;
      for (let to = k, end = k + count * width; to < end; to += width, from += stride)
        block[to] = values[from]!;
    }
  });
  const share = ensemble.aggregate === "average" ? 1 / Math.max(ensemble.roots.length, 1) : 1;
  for (let at = 0; at < scores.length; at++) scores[at] = scores[at]! * share + base[at % outputs]!;
  return scores;
}
