/** What is learnt of pairs of vectors, by what is known of them. */
import {
  contrastivePairs,
  orderedPairs,
  pairCosines,
  rankedPositives,
} from "../../../../engines/autodiff/index.js";
import type { Expressions } from "../../../../engines/onnx/index.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { unitVectors } from "../embeddings.js";
import type { Values } from "../scope.js";
import type { PairLoss, PairTuningConfig } from "./config.js";

/** Names of what a loss looks at beside the vectors: scores float32 [N]; numbers of equal texts int64 [N]. */
export const SCORES = "scores";
export const FIRST_TEXT = "first-text";
export const SECOND_TEXT = "second-text";

/** Mean over the batch, a scalar; `ordered` is one sum over its pairs of pairs. */
export function pairLoss(
  x: Expressions,
  [left, right]: readonly [GraphValue, GraphValue],
  values: Values,
  loss: PairLoss,
  { scale, margin }: Pick<PairTuningConfig, "scale" | "margin">,
): GraphValue {
  const scores = values[SCORES];
  switch (loss) {
    case "ranked":
      return x.mean(rankedPositives(x, left, right, scale, sameTexts(x, values)));
    case "ordered":
      return orderedPairs(x, left, right, scores!, scale);
    case "cosine":
      return x.mean(x.square(x.sub(pairCosines(x, left, right), scores!)));
    case "contrastive": {
      const [near, far] = [unitVectors(x.graph, left), unitVectors(x.graph, right)];
      return x.mean(contrastivePairs(x, near, far, scores!, margin));
    }
  }
}

/**
 * [N, N]: 1 where the second text of another pair is no negative, as it, or the first text it belongs to, is the row's own. A batch
 * may hold the same text twice.
 */
function sameTexts(x: Expressions, values: Values): GraphValue {
  const equal = (numbers: GraphValue) =>
    cast(x.graph, x.equal(x.unsqueeze(numbers, [1]), x.unsqueeze(numbers, [0])), "float32");
  const [first, second] = [equal(values[FIRST_TEXT]!), equal(values[SECOND_TEXT]!)];
  const rows = Number(first.shape[0]);
  const isOwn = Float32Array.from({ length: rows * rows }, (_, k) => (k % (rows + 1) === 0 ? 1 : 0));
  return x.sub(x.max(first, second), x.graph.constant("float32", [rows, rows], isOwn));
}
