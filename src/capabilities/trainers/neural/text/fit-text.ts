import { adamW, cosine, crossEntropy, squaredError, warmUp } from "../../../../engines/autodiff/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type {
  Fitted,
  LabelledFrame,
  TrainingContext,
  TrainingData,
} from "../../../../foundation/contracts/trainer.js";
import { sampledBatches } from "../batches.js";
import { takeRange, tensorElements } from "../inference.js";
import { linkedScores, meanLoss, type NetworkOutcome, outcomeOf, truthOf, unitWeights } from "../outcome.js";
import type { NetworkFunction } from "../scope.js";
import { trainNetwork, type Validation } from "../train-network.js";
import type { TextNetworkConfig } from "./config.js";
import { predictionInputs, trainingInputs } from "./text-columns.js";
import { restoreTextNetwork, type TextState } from "./text-model.js";
import { isWide, type TextShape, textScores } from "./text-network.js";

/** Share of the steps over which the learning rate rises. */
const RISE = 0.1;
const CLIP_NORM = 1;
/** Weights of single pieces see few rows each, so they learn faster than what all rows share. */
const WIDE_RATE = 10;
/** Rows of a look at validation that are computed at once. */
const ROWS_AT_ONCE = 64;

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
  const trained = await trainNetwork(
    {
      batches: sampledBatches(learnt, { batch, random: context.random.fork("rows") }),
      loss: textLoss(shape, config.labelSmoothing),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: (step, all) => warmUp(Math.ceil(RISE * all), cosine)(step, all),
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      treatment: (name) => (isWide(name) ? { rateFactor: WIDE_RATE } : undefined),
      keep: config.checkpoint,
      ...(validation ? { validation: textValidation(shape, outcome, validation) } : {}),
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

/** Mean over the batch. */
function textLoss(shape: TextShape, labelSmoothing: number): NetworkFunction<GraphValue> {
  return (scope, { truth, weights, ...values }) => {
    const { x } = scope;
    const scores = textScores(scope, shape, values);
    const losses =
      truth!.type === "int64"
        ? crossEntropy(x, scores, truth!, { labelSmoothing })
        : x.sum(squaredError(x, scores, truth!), [1]);
    return x.mean(weights ? x.mul(losses, weights) : losses);
  };
}

/** Judges by mean log loss, or mean squared error of the standardised target. */
function textValidation(shape: TextShape, outcome: NetworkOutcome, validation: LabelledFrame): Validation {
  const tensors = predictionInputs(validation.features, shape.inputs);
  const { rows } = validation.features;
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
    outputs: (scope, values) => ({
      answers: linkedScores(scope.x, textScores(scope, shape, values), outcome.kind),
    }),
    async judge(run) {
      const answers = new Float32Array(rows * shape.outputs);
      for (let start = 0; start < rows; start += ROWS_AT_ONCE) {
        const end = Math.min(rows, start + ROWS_AT_ONCE);
        const part = Object.entries(tensors).map(([name, tensor]) => [name, takeRange(tensor, start, end)]);
        const made = await run(Object.fromEntries(part));
        answers.set(made.answers!.data as Float32Array, start * shape.outputs);
      }
      return meanLoss(answers, shape.outputs, validation, outcome);
    },
  };
}
