import {
  adamW,
  constant,
  cosine,
  coslog4,
  oneCycle,
  type Schedule,
} from "../../../engines/autodiff/index.js";
import type { Fitted, TrainingContext } from "../../../foundation/contracts/trainer.js";
import { mixedBatches } from "./augmentation/mixup.js";
import { sampledBatches } from "./batches.js";
import type { NeuralConfig } from "./config.js";
import { isSeparate, type NetworkShape, PERCEPTRON } from "./network.js";
import { diagnosticsOf, fittedNetwork, type NetworkState } from "./network-kind.js";
import { objectiveOf } from "./network-loss.js";
import { planNetwork } from "./network-plan.js";
import { learnedTensors, type NetworkData } from "./outcome.js";
import { TABLE, tableTensor } from "./table-input.js";
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
  { train, validation }: NetworkData,
  config: NeuralConfig,
  context: TrainingContext,
): Promise<Fitted<NetworkState<NetworkShape>>> {
  const plan = planNetwork(trainer, train, config, context);
  const { shape, batch, outcome, design } = plan;
  const learnt = { [TABLE]: tableTensor(design), ...learnedTensors(train, outcome) };
  const rows = sampledBatches(learnt, {
    batch,
    ...(isSeparate(shape) ? { streams: shape.members } : {}),
    random: context.random.fork("rows"),
  });
  const trained = await trainNetwork(
    {
      batches: mixedBatches(rows, config.mixup, context.random.fork("mixup")),
      ...objectiveOf(PERCEPTRON, { shape, outcome, validation, labelSmoothing: config.labelSmoothing }),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: SCHEDULES[config.schedule],
      steps: plan.steps,
      stopAfter: plan.stopAfter,
      averaging: config.averaging,
      keep: config.checkpoint,
    },
    context,
  );
  const { curves, size, ...rest } = diagnosticsOf(trained);
  // The loss is the sum over the members.
  const trainLoss = curves!.trainLoss!.map((loss) => loss / shape.members);
  return fittedNetwork(PERCEPTRON, {
    ...{ shape, tensors: trained.tensors, outcome },
    diagnostics: { ...rest, curves: { ...curves, trainLoss }, size: { ...size, members: shape.members } },
  });
}
