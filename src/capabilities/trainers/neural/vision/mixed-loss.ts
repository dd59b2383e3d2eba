import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { batchLoss, rowLosses } from "../network-loss.js";
import type { NetworkFunction } from "../scope.js";
import { MIX, TRUTH } from "./image-batches.js";

/** Of `imageBatches`: with partners, the mixed picture is as much of each class as of its picture. */
export function mixedLoss(
  scores: NetworkFunction<GraphValue>,
  labelSmoothing: number,
): NetworkFunction<GraphValue> {
  return (scope, { [TRUTH]: truth, weights, [MIX.partner]: partner, [MIX.share]: share, ...values }) => {
    const { x } = scope;
    const made = scores(scope, values);
    const own = rowLosses(x, made, truth!, labelSmoothing);
    if (!partner) return batchLoss(x, own, weights);
    const others = rowLosses(x, made, partner, labelSmoothing);
    const losses = x.add(x.mul(own, share!), x.mul(others, x.add(x.mul(share!, -1), 1)));
    return batchLoss(x, losses, weights);
  };
}
