/** One number from many losses. */
import { cast, type GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";

/** Mean over all examples of weight times loss; weights are meant to have mean 1 over the training set. */
export function weightedMean(x: Expressions, losses: GraphValue, weights?: GraphValue): GraphValue {
  return x.mean(weights ? x.mul(losses, cast(x.graph, weights, losses.type)) : losses);
}

/** Sum of scalar losses, each times its weight. */
export function mixed(
  x: Expressions,
  parts: readonly { readonly loss: GraphValue; readonly weight: number }[],
): GraphValue {
  return parts
    .map(({ loss, weight }) => (weight === 1 ? loss : x.mul(loss, weight)))
    .reduce((sum, part) => x.add(sum, part));
}
