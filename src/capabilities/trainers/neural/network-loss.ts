import { crossEntropy, dropout, type StepGraph, squaredError } from "../../../engines/autodiff/index.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { NeuralConfig } from "./config.js";
import { type NetworkShape, networkScores } from "./network.js";
import type { NetworkPlan } from "./network-plan.js";

/** Mean over the batch, summed over the members; `weights` is an input only where there are any. */
export function lossOf(
  step: StepGraph,
  { shape, config, pool }: NetworkPlan,
  isWeighted: boolean,
): GraphValue {
  const { x, parameter, input } = step;
  const rows = input("rows");
  const ofRows = (name: string) => x.gather(input(name), rows);
  const windows = pool ? x.split(input("windows"), new Array<number>(config.hiddenLayers).fill(1), 0) : [];
  let layer = 0;
  const mask = (value: GraphValue) => (pool ? dropout(x, value, input("pool"), windows[layer++]!) : value);
  const scores = networkScores(x, shape, ofRows("features"), parameter, mask);
  const losses = rowLosses(x, scores, ofRows("truth"), shape, config);
  const weighted = isWeighted ? x.mul(losses, ofRows("weights")) : losses;
  // The sum over members leaves each with the gradient it would have alone.
  const byMember = x.mean(weighted, [weighted.shape.length - 1]);
  return byMember.shape.length === 0 ? byMember : x.sum(byMember);
}

/** [B], or [M, B]. Members that see the same rows compare with the same truth. */
function rowLosses(
  x: StepGraph["x"],
  scores: GraphValue,
  truth: GraphValue,
  { members }: NetworkShape,
  { labelSmoothing }: NeuralConfig,
): GraphValue {
  if (truth.type !== "int64") {
    const shape = scores.shape.slice(0, -1) as readonly number[];
    return x.reshape(squaredError(x, scores, truth), shape);
  }
  const isShared = members > 1 && truth.shape.length === 1;
  const codes = isShared ? x.expand(truth, scores.shape.slice(0, -1) as readonly number[]) : truth;
  return crossEntropy(x, scores, codes, labelSmoothing);
}
