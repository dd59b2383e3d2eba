import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import type { Fitted, TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { diagnosticsOf, fittedNetwork, type NetworkState } from "../network-kind.js";
import { objectiveOf } from "../network-loss.js";
import { learnedTensors, type NetworkData, outcomeOf, outputsFor } from "../outcome.js";
import { trainNetwork } from "../train-network.js";
import type { ImageNetworkConfig } from "./config.js";
import { imageBatches } from "./image-batches.js";
import { trainingInputs } from "./image-inputs.js";
import { IMAGE_NETWORK, type ImageShape } from "./image-network.js";

const MOST_LOOKS = 20;
/** Batches that are made ahead lie in memory together. */
const BATCHES_BYTES = 32 * 2 ** 20;

/** Steps of a training on so many rows, and rows of each. */
export function imageTrainingLength(
  { epochs, batchSize, minimumSteps }: Pick<ImageNetworkConfig, "epochs" | "batchSize" | "minimumSteps">,
  rows: number,
): { batch: number; steps: number } {
  const batch = Math.min(rows, batchSize);
  return { batch, steps: Math.max(minimumSteps, Math.round((epochs * rows) / batch)) };
}

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitImageNetwork(
  trainer: string,
  { train, validation }: NetworkData,
  config: ImageNetworkConfig,
  context: TrainingContext,
): Promise<Fitted<NetworkState<ImageShape>>> {
  const { rows } = train.features;
  const { inputs, tensors } = trainingInputs(train.features, trainer);
  const outcome = outcomeOf(train.target, train.weights);
  const { batch, steps } = imageTrainingLength(config, rows);
  const { backbone, width, dropout } = config;
  const shape: ImageShape = { inputs, backbone, width, dropout, outputs: outputsFor(train.target) };
  const learnt = { ...tensors, ...learnedTensors(train, outcome) };
  const batches = imageBatches({
    tensors: learnt,
    batch,
    augmentation: config,
    random: context.random.fork("batches"),
  });
  const trained = await trainNetwork(
    {
      batches,
      ...objectiveOf(IMAGE_NETWORK, { shape, outcome, validation, labelSmoothing: config.labelSmoothing }),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      averaging: config.averaging,
      keep: config.checkpoint,
      stepsAtOnce: Math.min(32, Math.max(1, Math.floor(BATCHES_BYTES / (batch * rowElements(learnt))))),
      // A look costs as much as a third of the steps over as many images.
      looks: Math.min(MOST_LOOKS, Math.ceil((steps * batch) / rows)),
    },
    context,
  );
  const diagnostics = diagnosticsOf(trained);
  return fittedNetwork(IMAGE_NETWORK, { shape, tensors: trained.tensors, outcome, diagnostics });
}

const rowElements = (tensors: Readonly<Record<string, Tensor>>): number =>
  Object.values(tensors).reduce((sum, { shape }) => sum + elementCount(shape.slice(1)), 0);
