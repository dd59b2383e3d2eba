import {
  adamW,
  constant,
  cosine,
  coslog4,
  oneCycle,
  type Schedule,
} from "../../../engines/autodiff/index.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type {
  Fitted,
  LabelledFrame,
  TrainingContext,
  TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { sampledBatches } from "./batches.js";
import type { NeuralConfig } from "./config.js";
import { tensorElements } from "./inference.js";
import { isSeparate } from "./network.js";
import { networkLoss } from "./network-loss.js";
import { type NetworkState, restoreNetwork } from "./network-model.js";
import { type NetworkPlan, planNetwork } from "./network-plan.js";
import { truthOf, unitWeights } from "./outcome.js";
import { tableValidation } from "./table-validation.js";
import { trainNetwork } from "./train-network.js";

const SCHEDULES: Readonly<Record<NeuralConfig["schedule"], Schedule>> = {
  cosine,
  coslog4,
  "one-cycle": oneCycle(),
  constant,
};

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitNetwork(
  trainer: string,
  { train, validation }: TrainingData,
  config: NeuralConfig,
  context: TrainingContext,
): Promise<Fitted<NetworkState>> {
  const plan = planNetwork(trainer, train, config, context);
  const { shape, batch, outcome } = plan;
  const trained = await trainNetwork(
    {
      batches: sampledBatches(tableTensors(plan, train), {
        batch,
        ...(isSeparate(shape) ? { streams: shape.members } : {}),
        random: context.random.fork("rows"),
      }),
      loss: networkLoss(shape, config.labelSmoothing),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: SCHEDULES[config.schedule],
      steps: plan.steps,
      keep: config.checkpoint,
      ...(validation ? { validation: tableValidation(plan, validation) } : {}),
    },
    context,
  );
  const { tensors, curves, steps, bestStep } = trained;
  return restoreNetwork({
    shape,
    tensors,
    outcome,
    diagnostics: {
      importance: {},
      // The loss is the sum over the members.
      curves: { ...curves, trainLoss: curves.trainLoss!.map((loss) => loss / shape.members) },
      iterations: steps,
      bestIteration: bestStep,
      size: { parameters: tensorElements(tensors), members: shape.members },
    },
  });
}

function tableTensors(
  { design, outcome }: NetworkPlan,
  { target, weights }: LabelledFrame,
): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {
    features: { type: "float32", shape: [design.rows, design.width], data: design.values },
    truth: truthOf(target, outcome),
  };
  return weights ? { ...tensors, weights: unitWeights(weights) } : tensors;
}
