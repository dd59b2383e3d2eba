import { join } from "node:path";
import { adamW, risingCosine } from "../../../../../engines/autodiff/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import { hashValue } from "../../../../../foundation/base/hash.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import type { Fitted, TrainingContext } from "../../../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../../../numeric/pace.js";
import { sampledBatches } from "../../batches.js";
import { takeRange, tensorElements } from "../../inference.js";
import { diagnosticsOf } from "../../network-kind.js";
import { scoreLoss, scoreValidation } from "../../network-loss.js";
import { learnedTensors, linkedAnswers, type NetworkData, outcomeOf, outputsFor } from "../../outcome.js";
import { layerRates } from "../../pretrained/layer-rates.js";
import { VectorCache } from "../../pretrained/vector-cache.js";
import type { NetworkFunction } from "../../scope.js";
import { type NetworkTraining, trainNetwork } from "../../train-network.js";
import { imageBatches } from "../image-batches.js";
import { type ImageInputs, imageName, predictionInputs, trainingInputs } from "../image-inputs.js";
import { type ImageEncoderConfig, resolvedTraining } from "./config.js";
import { type ImageEncoderState, placedTensors, restoreImageEncoder, withVectors } from "./encoder-model.js";
import { BACKBONE, type ImageEncoderShape, imageEncoderScores } from "./encoder-scores.js";
import { PICTURES_AT_ONCE, PictureVectors } from "./picture-vectors.js";
import { type PretrainedBackbone, readBackbone } from "./read-backbone.js";

const CLIP_NORM = 1;
/** A step is long. */
const STEPS_AT_ONCE = 2;
const MOST_LOOKS = 10;

/** The model that the configuration names, for the size of the images; null where there are none. */
function openBackbone(
  trainer: string,
  { model, features, mean, deviation }: ImageEncoderConfig,
  { images: [first] }: ImageInputs,
): PretrainedBackbone | null {
  if (model === "") {
    throw new QuernError("TRAINING_FAILED", `The trainer ${trainer} needs a pretrained model.`, {
      hint: "Write `models: [{ trainer: image-encoder, model: path/to/model.onnx }]`.",
      details: { trainer },
    });
  }
  if (!first) return null;
  return readBackbone(model, {
    ...{ height: first.height, width: first.width },
    ...(features === "" ? {} : { features }),
    ...(mean ? { mean } : {}),
    ...(deviation ? { deviation } : {}),
  });
}

/** @throws QuernError TRAINING_FAILED naming `trainer`; what reading the model throws */
export async function fitImageEncoder(
  trainer: string,
  { train, validation }: NetworkData,
  config: ImageEncoderConfig,
  context: TrainingContext,
): Promise<Fitted<ImageEncoderState>> {
  const { inputs, tensors } = trainingInputs(train.features, trainer);
  const opened = openBackbone(trainer, config, inputs);
  const pretrained = opened ? placedTensors(opened.tensors) : {};
  const outcome = outcomeOf(train.target, train.weights);
  const shape: ImageEncoderShape = {
    ...{ architecture: opened?.architecture ?? null, inputs, dropout: config.dropout },
    outputs: outputsFor(train.target),
  };
  const isFrozen = config.tuning === "frozen" || !opened;
  const vectors = isFrozen && opened ? vectorsOf(opened, config, context) : null;
  const seen = (given: Record<string, Tensor>) =>
    vectors ? encoded(given, inputs, vectors, context) : given;
  const scores: NetworkFunction<GraphValue> = (scope, values) => imageEncoderScores(scope, shape, values);
  const answers: NetworkFunction<GraphValue> = (scope, values) =>
    linkedAnswers(scope.x, scores(scope, values), outcome.kind);
  const judged = validation && {
    tensors: await seen(predictionInputs(validation.features, inputs)),
    ...{ data: validation, outputs: shape.outputs, outcome, rowsAtOnce: PICTURES_AT_ONCE },
  };
  const learnt = { ...(await seen(tensors)), ...learnedTensors(train, outcome) };
  const { batch, steps, learningRate } = resolvedTraining(config, train.features.rows);
  const random = context.random.fork("batches");
  const batches = isFrozen
    ? sampledBatches(learnt, { batch, random })
    : imageBatches({ tensors: learnt, batch, augmentation: config, random });
  const trained = await trainNetwork(
    {
      batches,
      loss: scoreLoss(scores, config.labelSmoothing),
      ...(isFrozen ? {} : { ...fineTuning(config, opened, learningRate), given: pretrained }),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      keep: config.checkpoint,
      ...(judged ? { validation: scoreValidation(answers, judged) } : {}),
    },
    context,
  );
  const state: ImageEncoderState = {
    shape,
    tensors: isFrozen ? { ...pretrained, ...trained.tensors } : trained.tensors,
    outcome,
    diagnostics: { ...diagnosticsOf(trained), size: { parameters: tensorElements(pretrained) } },
  };
  return restoreImageEncoder(state, vectors);
}

function fineTuning(
  { tuning, lastLayers, lowestRate, headRate }: ImageEncoderConfig,
  { architecture }: PretrainedBackbone,
  learningRate: number,
): Pick<NetworkTraining, "treatment" | "stepsAtOnce" | "looks"> {
  const last = tuning === "last-layers" ? { last: lastLayers } : {};
  const rates = { prefix: `${BACKBONE}.`, lowestRate, headRate, ...last };
  return {
    treatment: layerRates(architecture.network, rates, learningRate),
    stepsAtOnce: STEPS_AT_ONCE,
    looks: MOST_LOOKS,
  };
}

/** Kept ones are those of this model, cut and shown pictures in this way. */
function vectorsOf(
  { architecture, tensors }: PretrainedBackbone,
  { content }: ImageEncoderConfig,
  { cacheFolder }: TrainingContext,
): PictureVectors {
  const { network, form, width } = architecture;
  const isKept = cacheFolder !== undefined && content !== "";
  const identity = hashValue({ content, form, parameters: network.parameters, width });
  const cache = new VectorCache(width, isKept ? join(cacheFolder, "features", identity) : undefined);
  return new PictureVectors(architecture, tensors, cache);
}

/** Computed part by part, so that a signal is heard and progress seen. */
async function encoded(
  tensors: Record<string, Tensor>,
  inputs: ImageInputs,
  vectors: PictureVectors,
  context: TrainingContext,
): Promise<Record<string, Tensor>> {
  for (const k of inputs.images.keys()) {
    const pictures = tensors[imageName(k)]!;
    const rows = pictures.shape[0]!;
    const checkpoint = createCheckpoint(context, "encode", rows);
    for (let start = 0; start < rows; start += CACHED_TOGETHER) {
      await checkpoint(start);
      vectors.of(takeRange(pictures, start, Math.min(rows, start + CACHED_TOGETHER)));
    }
  }
  return withVectors(tensors, inputs, vectors);
}

/** Pictures between two looks at the signal, whose vectors make one file. */
const CACHED_TOGETHER = 64;
