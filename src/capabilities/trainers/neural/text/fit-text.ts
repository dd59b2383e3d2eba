import { adamW, cosine, warmUp } from "../../../../engines/autodiff/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type { Fitted, TrainingContext, TrainingData } from "../../../../foundation/contracts/trainer.js";
import { sampledBatches } from "../batches.js";
import { tensorElements } from "../inference.js";
import { outcomeOf, truthOf, unitWeights } from "../outcome.js";
import type { NetworkFunction } from "../scope.js";
import { trainNetwork } from "../train-network.js";
import type { TextNetworkConfig } from "./config.js";
import { predictionInputs, trainingInputs } from "./text-columns.js";
import { textLoss, textValidation } from "./text-loss.js";
import { restoreTextNetwork, type TextState } from "./text-model.js";
import { isWide, type TextShape, textScores } from "./text-network.js";

/** Share of the steps over which the learning rate rises. */
const RISE = 0.1;
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
  { train, validation }: TrainingData,
  config: TextNetworkConfig,
  context: TrainingContext,
): Promise<Fitted<TextState>> {
  const { target, weights } = train;
  const { inputs, tensors } = trainingInputs(train.features, trainer);
  const outcome = outcomeOf(target, weights);
  const { batch, steps } = textTrainingLength(config, train.features.rows);
  const shape = shapeOf(config, inputs, target.task === "regression" ? 1 : target.classes.length);
  const learnt: Record<string, Tensor> = {
    ...tensors,
    truth: truthOf(target, outcome),
    ...(weights ? { weights: unitWeights(weights) } : {}),
  };
  const scores: NetworkFunction<GraphValue> = (scope, values) => textScores(scope, shape, values);
  const judged = validation && {
    tensors: predictionInputs(validation.features, inputs),
    data: validation,
  };
  const trained = await trainNetwork(
    {
      batches: sampledBatches(learnt, { batch, random: context.random.fork("rows") }),
      loss: textLoss(scores, config.labelSmoothing),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: (step, all) => warmUp(Math.ceil(RISE * all), cosine)(step, all),
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      treatment: (name) => (isWide(name) ? { rateFactor: WIDE_RATE } : undefined),
      keep: config.checkpoint,
      ...(judged ? { validation: textValidation(scores, shape.outputs, outcome, judged) } : {}),
    },
    context,
  );
  return restoreTextNetwork({
    shape,
    tensors: trained.tensors,
    outcome,
    diagnostics: {
      importance: {},
      curves: trained.curves,
      iterations: trained.steps,
      bestIteration: trained.bestStep,
      size: { parameters: tensorElements(trained.tensors) },
    },
  });
}

function shapeOf(config: TextNetworkConfig, inputs: TextShape["inputs"], outputs: number): TextShape {
  const { architecture, width, layers, heads, length, pairBuckets, dropout, tokenDropout } = config;
  const wide = config.wide && architecture !== "bag";
  return {
    ...{ inputs, outputs, architecture, width, layers, heads, length },
    ...{ pairBuckets, dropout, tokenDropout, wide },
  };
}
