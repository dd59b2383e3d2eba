import { weightedMean } from "../../../foundation/base/statistics.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { LabelledFrame } from "../../../foundation/contracts/trainer.js";
import { predictionDesign } from "../numeric/design.js";
import { networkScores } from "./network.js";
import { networkOutputs } from "./network-model.js";
import { type NetworkPlan, truthOf } from "./network-plan.js";
import type { Validation } from "./train-network.js";

/** Below this a probability counts as this, so that no single row decides. */
const LEAST_PROBABILITY = 1e-7;

/** Judges by mean log loss, or mean squared error of the standardised target. */
export function tableValidation({ shape, outcome }: NetworkPlan, validation: LabelledFrame): Validation {
  const design = predictionDesign(validation.features, shape.features);
  const features: Tensor = { type: "float32", shape: [design.rows, design.width], data: design.values };
  const truth = truthOf(validation.target, outcome).data as BigInt64Array | Float32Array;
  const rowLoss = (outputs: Float32Array, row: number): number => {
    const wanted = truth[row]!;
    if (typeof wanted === "number") return (outputs[row]! - wanted) ** 2;
    return -Math.log(Math.max(LEAST_PROBABILITY, outputs[row * shape.outputs + Number(wanted)]!));
  };
  return {
    inputs: { features },
    outputs: (scope, values) => ({
      outputs: networkOutputs(scope.x, shape, networkScores(scope, shape, values.features!), outcome.kind),
    }),
    async judge(run) {
      const { outputs } = await run({ features });
      const values = outputs!.data as Float32Array;
      return weightedMean(design.rows, validation.weights, (row) => rowLoss(values, row));
    },
  };
}
