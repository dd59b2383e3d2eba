import { adamW, cosine, crossEntropy, squaredError, warmUp } from "../../../../engines/autodiff/index.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../../../foundation/contracts/tensor.js";
import type {
  Fitted,
  LabelledFrame,
  TrainingContext,
  TrainingData,
} from "../../../../foundation/contracts/trainer.js";
import { takeRange, tensorElements } from "../inference.js";
import { linkedScores, meanLoss, type NetworkOutcome, outcomeOf, truthOf, unitWeights } from "../outcome.js";
import type { NetworkFunction } from "../scope.js";
import { trainNetwork, type Validation } from "../train-network.js";
import type { ImageNetworkConfig } from "./config.js";
import { imageBatches, MIX, TRUTH } from "./image-batches.js";
import { predictionInputs, trainingInputs } from "./image-inputs.js";
import { type ImageState, restoreImageNetwork } from "./image-model.js";
import { type ImageShape, imageScores } from "./image-network.js";

/** Share of the steps over which the learning rate rises. */
const RISE = 0.1;
/** Rows of a look at validation that are computed at once. */
const ROWS_AT_ONCE = 64;
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
  { train, validation }: TrainingData,
  config: ImageNetworkConfig,
  context: TrainingContext,
): Promise<Fitted<ImageState>> {
  const { target, weights } = train;
  const { rows } = train.features;
  const { inputs, tensors } = trainingInputs(train.features, trainer);
  const outcome = outcomeOf(target, weights);
  const { batch, steps } = imageTrainingLength(config, rows);
  const { backbone, width, dropout } = config;
  const outputs = target.task === "regression" ? 1 : target.classes.length;
  const shape: ImageShape = { inputs, backbone, width, dropout, outputs };
  const learnt: Record<string, Tensor> = {
    ...tensors,
    [TRUTH]: truthOf(target, outcome),
    ...(weights ? { weights: unitWeights(weights) } : {}),
  };
  const batches = imageBatches({
    tensors: learnt,
    batch,
    augmentation: config,
    random: context.random.fork("batches"),
  });
  const trained = await trainNetwork(
    {
      batches,
      loss: imageLoss(shape, config.labelSmoothing),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: (step, all) => warmUp(Math.ceil(RISE * all), cosine)(step, all),
      steps: Math.min(steps, context.maxIterations ?? steps),
      keep: config.checkpoint,
      stepsAtOnce: Math.min(32, Math.max(1, Math.floor(BATCHES_BYTES / (batch * rowElements(learnt))))),
      // A look costs as much as a third of the steps over as many images.
      looks: Math.min(MOST_LOOKS, Math.ceil((steps * batch) / rows)),
      ...(validation ? { validation: imageValidation(shape, outcome, validation) } : {}),
    },
    context,
  );
  return restoreImageNetwork({
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

const rowElements = (tensors: Readonly<Record<string, Tensor>>): number =>
  Object.values(tensors).reduce((sum, { shape }) => sum + elementCount(shape.slice(1)), 0);

/** Mean over the batch. With partners, the mixed picture is as much of each class as of its picture. */
function imageLoss(shape: ImageShape, labelSmoothing: number): NetworkFunction<GraphValue> {
  return (scope, { [TRUTH]: truth, weights, [MIX.partner]: partner, [MIX.share]: share, ...values }) => {
    const { x } = scope;
    const scores = imageScores(scope, shape, values);
    const lossOf = (wanted: GraphValue) =>
      wanted.type === "int64"
        ? crossEntropy(x, scores, wanted, { labelSmoothing })
        : x.sum(squaredError(x, scores, wanted), [1]);
    const own = lossOf(truth!);
    const losses = partner
      ? x.add(x.mul(own, share!), x.mul(lossOf(partner), x.add(x.mul(share!, -1), 1)))
      : own;
    return x.mean(weights ? x.mul(losses, weights) : losses);
  };
}

/** Judges by mean log loss, or mean squared error of the standardised target. */
function imageValidation(shape: ImageShape, outcome: NetworkOutcome, validation: LabelledFrame): Validation {
  const tensors = predictionInputs(validation.features, shape.inputs);
  const { rows } = validation.features;
  return {
    inputs: Object.fromEntries(
      Object.entries(tensors).map(([name, tensor]) => {
        const [, ...cell] = tensor.shape;
        return [name, { type: tensor.type, shape: ["N", ...cell] }];
      }),
    ),
    outputs: (scope, values) => ({
      answers: linkedScores(scope.x, imageScores(scope, shape, values), outcome.kind),
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
