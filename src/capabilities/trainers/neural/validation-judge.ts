import { createEvaluation, type Evaluation, type Training } from "../../../engines/autodiff/index.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { LabelledFrame } from "../../../foundation/contracts/trainer.js";
import { predictionDesign } from "../numeric/design.js";
import { networkScores } from "./network.js";
import { networkOutputs } from "./network-model.js";
import { type NetworkPlan, truthOf } from "./network-plan.js";

/** Measures a network in training on validation rows. */
export interface Judge {
  /** Mean log loss, or mean squared error of the standardised target. */
  loss(): Promise<number>;
  close(): Promise<void>;
}

/** Below this a probability counts as this, so that no single row decides. */
const LEAST_PROBABILITY = 1e-7;

export async function openJudge(
  { shape, outcome }: NetworkPlan,
  training: Training,
  validation: LabelledFrame,
): Promise<Judge> {
  const design = predictionDesign(validation.features, shape.features);
  const features: Tensor = { type: "float32", shape: [design.rows, design.width], data: design.values };
  const evaluation: Evaluation = await createEvaluation(training, {
    inputs: { features },
    outputs: ({ x, parameter, input }) => ({
      outputs: networkOutputs(x, shape, networkScores(x, shape, input("features"), parameter), outcome.kind),
    }),
  });
  const truth = truthOf(validation.target, outcome).data as BigInt64Array | Float32Array;
  const rowLoss = (outputs: Float32Array, row: number): number => {
    const wanted = truth[row]!;
    if (typeof wanted === "number") return (outputs[row]! - wanted) ** 2;
    return -Math.log(Math.max(LEAST_PROBABILITY, outputs[row * shape.outputs + Number(wanted)]!));
  };
  return {
    async loss() {
      const { outputs } = await evaluation.run();
      const values = outputs!.data as Float32Array;
      return weightedMean(design.rows, validation.weights, (row) => rowLoss(values, row));
    },
    close: () => evaluation.close(),
  };
}
