import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import type { Fitted, TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { changedBatches } from "../augmentation/changed-batches.js";
import { mixedBatches } from "../augmentation/mixup.js";
import { textBatches } from "../length-buckets.js";
import { diagnosticsOf, fittedNetwork, type NetworkState } from "../network-kind.js";
import { objectiveOf } from "../network-loss.js";
import { learnedTensors, type NetworkData, outcomeOf, outputsFor } from "../outcome.js";
import { trainNetwork } from "../train-network.js";
import type { TextNetworkConfig } from "./config.js";
import { textName, trainingInputs } from "./text-columns.js";
import { isWide, TEXT_NETWORK, type TextShape } from "./text-network.js";

const CLIP_NORM = 1;
/** Weights of single pieces see few rows each, so they learn faster than what all rows share. */
const WIDE_RATE = 10;

/** Steps of a training on so many rows, and rows of each. */
export function textTrainingLength(
  { epochs, batchSize }: Pick<TextNetworkConfig, "epochs" | "batchSize">,
  rows: number,
): { batch: number; steps: number } {
  const batch = Math.min(rows, batchSize);
  return { batch, steps: Math.max(1, Math.round((epochs * rows) / batch)) };
}

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitTextNetwork(
  trainer: string,
  { train, validation }: NetworkData,
  config: TextNetworkConfig,
  context: TrainingContext,
): Promise<Fitted<NetworkState<TextShape>>> {
  const { inputs, tensors } = trainingInputs(train.features, trainer);
  const outcome = outcomeOf(train.target, train.weights);
  const { batch, steps } = textTrainingLength(config, train.features.rows);
  const shape = shapeOf(config, inputs, outputsFor(train.target));
  const learnt = { ...tensors, ...learnedTensors(train, outcome) };
  const rows = textBatches(learnt, {
    ...{ batch, steps, random: context.random.fork("rows") },
    texts: config.buckets ? inputs.texts.map((_, k) => textName(k)) : [],
  });
  const changed = changedBatches(rows, {
    ...{ settings: config, features: train.features, name: textName },
    random: context.random.fork("texts"),
  });
  const trained = await trainNetwork(
    {
      batches: mixedBatches(changed, config.mixup, context.random.fork("mixup")),
      ...objectiveOf(TEXT_NETWORK, { shape, outcome, validation, labelSmoothing: config.labelSmoothing }),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      treatment: (name) => (isWide(name) ? { rateFactor: WIDE_RATE } : undefined),
      averaging: config.averaging,
      keep: config.checkpoint,
    },
    context,
  );
  const diagnostics = diagnosticsOf(trained);
  return fittedNetwork(TEXT_NETWORK, { shape, tensors: trained.tensors, outcome, diagnostics });
}

function shapeOf(config: TextNetworkConfig, inputs: TextShape["inputs"], outputs: number): TextShape {
  const { architecture, width, layers, heads, length, pairBuckets, dropout, tokenDropout } = config;
  const wide = config.wide && architecture !== "bag";
  return {
    ...{ inputs, outputs, architecture, width, layers, heads, length },
    ...{ pairBuckets, dropout, tokenDropout, wide },
  };
}
