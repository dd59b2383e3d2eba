import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import type { Fitted, TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { changedBatches } from "../augmentation/changed-batches.js";
import { mixedBatches } from "../augmentation/mixup.js";
import type { NetworkTensors } from "../inference.js";
import { textBatches } from "../length-buckets.js";
import { diagnosticsOf, fittedNetwork, type NetworkKind, type NetworkState } from "../network-kind.js";
import { objectiveOf } from "../network-loss.js";
import { learnedTensors, type NetworkData, outcomeOf, outputsFor } from "../outcome.js";
import { trainNetwork } from "../train-network.js";
import type { TextNetworkConfig } from "./config.js";
import { chosenDeepShare } from "./deep-share.js";
import { pretrain } from "./pretraining.js";
import { textName, trainingInputs } from "./text-columns.js";
import { OFFSETS, TEXT_NETWORK, type TextShape } from "./text-network.js";
import { crossFittedOffsets, wideOffsets } from "./wide-offsets.js";
import { fitWidePart } from "./wide-part.js";

const CLIP_NORM = 1;

/** Steps of a training on so many rows, and rows of each. */
export function textTrainingLength(
  { epochs, minimumSteps, batchSize }: Pick<TextNetworkConfig, "epochs" | "minimumSteps" | "batchSize">,
  rows: number,
): { batch: number; steps: number } {
  const batch = Math.min(rows, batchSize);
  return { batch, steps: Math.max(minimumSteps, Math.round((epochs * rows) / batch)) };
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
  const wide = config.wide ? await fitWidePart({ tensors: learnt, shape }, context) : undefined;
  const seen = wide ? { ...learnt, [OFFSETS]: await crossFittedOffsets(learnt, shape, context) } : learnt;
  const rows = textBatches(seen, {
    ...{ batch, steps, random: context.random.fork("rows") },
    texts: config.buckets ? inputs.texts.map((_, k) => textName(k)) : [],
  });
  const changed = changedBatches(rows, {
    ...{ settings: config, features: train.features, name: textName },
    random: context.random.fork("texts"),
    logger: context.logger,
  });
  const trained = await trainNetwork(
    {
      batches: mixedBatches(changed, config.mixup, context.random.fork("mixup")),
      ...objectiveOf(wide ? withOffsets(wide) : TEXT_NETWORK, {
        shape,
        outcome,
        validation,
        labelSmoothing: config.labelSmoothing,
      }),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      given: await pretrain(shape, config, tensors, context),
      averaging: config.averaging,
      keep: config.checkpoint,
    },
    context,
  );
  const diagnostics = diagnosticsOf(trained);
  if (!wide) return fittedNetwork(TEXT_NETWORK, { shape, tensors: trained.tensors, outcome, diagnostics });
  const both = { ...trained.tensors, ...wide };
  const deepShare = chosenDeepShare(shape, both, outcome, validation);
  return fittedNetwork(TEXT_NETWORK, { shape: { ...shape, deepShare }, tensors: both, outcome, diagnostics });
}

/** The network as it is judged between steps: what the wide part says of the rows is known by then. */
function withOffsets(wide: NetworkTensors): NetworkKind<TextShape> {
  return {
    ...TEXT_NETWORK,
    inputs(features, shape) {
      const inputs = TEXT_NETWORK.inputs(features, shape);
      return { ...inputs, [OFFSETS]: wideOffsets(wide, shape, inputs) };
    },
  };
}

function shapeOf(config: TextNetworkConfig, inputs: TextShape["inputs"], outputs: number): TextShape {
  const { architecture, width, layers, heads, length, pairBuckets, widePairBuckets } = config;
  const { dropout, tokenDropout, wide } = config;
  return {
    ...{ inputs, outputs, architecture, width, layers, heads, length },
    ...{ pairBuckets, dropout, tokenDropout, widePairBuckets, wide, deepShare: 1 },
  };
}
