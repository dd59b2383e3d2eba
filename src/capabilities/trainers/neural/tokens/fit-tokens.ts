import { adamW, cosine, crossEntropy, squaredError, warmUp } from "../../../../engines/autodiff/index.js";
import { featureViews } from "../../../../foundation/contracts/feature-matrix.js";
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../foundation/contracts/tensor.js";
import type {
  Fitted,
  LabelledFrame,
  TrainingContext,
  TrainingData,
} from "../../../../foundation/contracts/trainer.js";
import { predictionDesign, trainingDesign } from "../../numeric/design.js";
import { sampledBatches } from "../batches.js";
import { trainingLength } from "../config.js";
import { tensorElements } from "../inference.js";
import { linkedScores, meanLoss, type NetworkOutcome, outcomeOf, truthOf, unitWeights } from "../outcome.js";
import type { NetworkFunction } from "../scope.js";
import { trainNetwork, type Validation } from "../train-network.js";
import type { FtTransformerConfig } from "./config.js";
import { restoreTokenNetwork, type TokenState } from "./token-model.js";
import { rowsAtOnce, type TokenShape, tokenScores } from "./token-network.js";

/** Share of the steps over which the learning rate rises. */
const RISE = 0.1;
const CLIP_NORM = 1;

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitTokenNetwork(
  trainer: string,
  { train, validation }: TrainingData,
  config: FtTransformerConfig,
  context: TrainingContext,
): Promise<Fitted<TokenState>> {
  const { target, weights } = train;
  const { values: data, ...design } = trainingDesign(train.features, trainer);
  const outcome = outcomeOf(target, weights);
  const shape = shapeOf(config, train);
  const { batch, steps } = trainingLength(config, design.rows);
  const learnt: Record<string, Tensor> = {
    matrix: { type: "float32", shape: [design.rows, design.width], data },
    truth: truthOf(target, outcome),
    ...(weights ? { weights: unitWeights(weights) } : {}),
  };
  const trained = await trainNetwork(
    {
      batches: sampledBatches(learnt, { batch, random: context.random.fork("rows") }),
      loss: tokenLoss(shape, config.labelSmoothing),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: (step, all) => warmUp(Math.ceil(RISE * all), cosine)(step, all),
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      patience: config.patience,
      ...(validation ? { validation: tokenValidation(shape, outcome, validation) } : {}),
    },
    context,
  );
  const { tensors, curves } = trained;
  const size = { parameters: tensorElements(tensors) };
  const iterations = { iterations: trained.steps, bestIteration: trained.bestStep };
  const diagnostics = { importance: {}, curves, ...iterations, size };
  return restoreTokenNetwork({ shape, tensors, outcome, diagnostics });
}

/** Numbers of more than two values get a periodic embedding, where the configuration wants any. */
function shapeOf(config: FtTransformerConfig, { features, target }: LabelledFrame): TokenShape {
  const views = featureViews(features);
  const positions = (wanted: (view: (typeof views)[number]) => boolean): Int32Array =>
    Int32Array.from(views.flatMap((view, position) => (wanted(view) ? [position] : [])));
  const isPeriodic = ({ values, stride, categories }: (typeof views)[number]): boolean =>
    config.embedding === "periodic" && stride === 1 && !categories && new Set(values).size > 2;
  const codes = positions(({ categories }) => categories !== undefined);
  const { heads, blocks, hiddenFactor, frequencies, frequencyScale, dropout, attentionDropout } = config;
  const width = config.width * heads;
  return {
    features: views.length,
    periodic: positions(isPeriodic),
    linear: positions((view) => !view.categories && !isPeriodic(view)),
    codes,
    codeCounts: codes.map((position) => views[position]!.categories!.length),
    ...{ width, heads, blocks, frequencies, frequencyScale, dropout, attentionDropout },
    hiddenWidth: Math.max(1, Math.round(width * hiddenFactor)),
    outputs: target.task === "regression" ? 1 : target.classes.length,
  };
}

/** Mean over the batch. */
function tokenLoss(shape: TokenShape, labelSmoothing: number): NetworkFunction<GraphValue> {
  return (scope, { matrix, truth, weights }) => {
    const { x } = scope;
    const scores = tokenScores(scope, shape, matrix!);
    const losses =
      truth!.type === "int64"
        ? crossEntropy(x, scores, truth!, { labelSmoothing })
        : x.sum(squaredError(x, scores, truth!), [1]);
    return x.mean(weights ? x.mul(losses, weights) : losses);
  };
}

/** Judges by mean log loss, or mean squared error of the standardised target. */
function tokenValidation(shape: TokenShape, outcome: NetworkOutcome, validation: LabelledFrame): Validation {
  const { rows, width, values } = predictionDesign(validation.features, shape.features);
  return {
    inputs: { matrix: { type: "float32", shape: ["N", width] } },
    outputs: (scope, { matrix }) => ({
      answers: linkedScores(scope.x, tokenScores(scope, shape, matrix!), outcome.kind),
    }),
    async judge(run) {
      const answers = new Float32Array(rows * shape.outputs);
      const count = rowsAtOnce(shape);
      for (let start = 0; start < rows; start += count) {
        const end = Math.min(rows, start + count);
        const data = values.subarray(start * width, end * width);
        const made = await run({ matrix: { type: "float32", shape: [end - start, width], data } });
        answers.set(made.answers!.data as Float32Array, start * shape.outputs);
      }
      return meanLoss(answers, shape.outputs, validation, outcome);
    },
  };
}
