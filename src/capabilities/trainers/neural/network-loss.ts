import { crossEntropy, squaredError } from "../../../engines/autodiff/index.js";
import type { Expressions } from "../../../engines/onnx/index.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type NetworkShape, networkScores } from "./network.js";
import type { NetworkFunction } from "./scope.js";

/**
 * Mean over the batch, summed over the members. Inputs: `features`, `truth` and, where rows have weights, `weights`,
 * each with one dimension of members before the rows where these see rows of their own.
 */
export function networkLoss(shape: NetworkShape, labelSmoothing: number): NetworkFunction<GraphValue> {
  return (scope, { features, truth, weights }) => {
    const { x } = scope;
    const losses = rowLosses(x, networkScores(scope, shape, features!), truth!, shape, labelSmoothing);
    const weighted = weights ? x.mul(losses, weights) : losses;
    // The sum over members leaves each with the gradient it would have alone.
    const byMember = x.mean(weighted, [weighted.shape.length - 1]);
    return byMember.shape.length === 0 ? byMember : x.sum(byMember);
  };
}

/** [B], or [M, B]. Members that see the same rows compare with the same truth. */
function rowLosses(
  x: Expressions,
  scores: GraphValue,
  truth: GraphValue,
  { members }: NetworkShape,
  labelSmoothing: number,
): GraphValue {
  if (truth.type !== "int64") {
    const shape = scores.shape.slice(0, -1) as readonly number[];
    return x.reshape(squaredError(x, scores, truth), shape);
  }
  const isShared = members > 1 && truth.shape.length === 1;
  const codes = isShared ? x.expand(truth, scores.shape.slice(0, -1) as readonly number[]) : truth;
  return crossEntropy(x, scores, codes, { labelSmoothing });
}
