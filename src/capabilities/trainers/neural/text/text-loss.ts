/** What networks that read learn by, and are judged by. */
import { crossEntropy, squaredError } from "../../../../engines/autodiff/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { LabelledFrame } from "../../../../foundation/contracts/trainer.js";
import { takeRange } from "../inference.js";
import { linkedScores, meanLoss, type NetworkOutcome } from "../outcome.js";
import type { NetworkFunction } from "../scope.js";
import type { Validation } from "../train-network.js";

/** Rows of a look at validation that are computed at once. */
const ROWS_AT_ONCE = 64;

/**
 * Mean over the batch. Inputs: those of the network, `truth` and, where rows have weights, `weights`.
 * @param scores before the link, [N, outputs]
 */
export function textLoss(
  scores: NetworkFunction<GraphValue>,
  labelSmoothing: number,
): NetworkFunction<GraphValue> {
  return (scope, { truth, weights, ...values }) => {
    const { x } = scope;
    const made = scores(scope, values);
    const losses =
      truth!.type === "int64"
        ? crossEntropy(x, made, truth!, { labelSmoothing })
        : x.sum(squaredError(x, made, truth!), [1]);
    return x.mean(weights ? x.mul(losses, weights) : losses);
  };
}

/** Judges by mean log loss, or mean squared error of the standardised target. */
export function textValidation(
  scores: NetworkFunction<GraphValue>,
  outputs: number,
  outcome: NetworkOutcome,
  { tensors, data }: { readonly tensors: Readonly<Record<string, Tensor>>; readonly data: LabelledFrame },
): Validation {
  const { rows } = data.features;
  return {
    inputs: Object.fromEntries(
      Object.entries(tensors).map(
        ([
          name,
          {
            type,
            shape: [, ...cell],
          },
        ]) => [name, { type, shape: ["N", ...cell] }],
      ),
    ),
    outputs: (scope, values) => ({ answers: linkedScores(scope.x, scores(scope, values), outcome.kind) }),
    async judge(run) {
      const answers = new Float32Array(rows * outputs);
      for (let start = 0; start < rows; start += ROWS_AT_ONCE) {
        const end = Math.min(rows, start + ROWS_AT_ONCE);
        const part = Object.entries(tensors).map(([name, tensor]) => [name, takeRange(tensor, start, end)]);
        const made = await run(Object.fromEntries(part));
        answers.set(made.answers!.data as Float32Array, start * outputs);
      }
      return meanLoss(answers, outputs, data, outcome);
    },
  };
}
