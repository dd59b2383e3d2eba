import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { LabelledFrame } from "../../../foundation/contracts/trainer.js";
import { predictionDesign } from "../numeric/design.js";
import { networkScores } from "./network.js";
import { networkOutputs } from "./network-model.js";
import type { NetworkPlan } from "./network-plan.js";
import { meanLoss } from "./outcome.js";
import type { Validation } from "./train-network.js";

/** Judges by mean log loss, or mean squared error of the standardised target. */
export function tableValidation({ shape, outcome }: NetworkPlan, validation: LabelledFrame): Validation {
  const design = predictionDesign(validation.features, shape.features);
  const features: Tensor = { type: "float32", shape: [design.rows, design.width], data: design.values };
  return {
    inputs: { features },
    outputs: (scope, values) => ({
      outputs: networkOutputs(scope.x, shape, networkScores(scope, shape, values.features!), outcome.kind),
    }),
    async judge(run) {
      const { outputs } = await run({ features });
      return meanLoss(outputs!.data as Float32Array, shape.outputs, validation, outcome);
    },
  };
}
