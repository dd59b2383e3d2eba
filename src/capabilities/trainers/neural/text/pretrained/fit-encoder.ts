import { join } from "node:path";
import { adamW, risingCosine } from "../../../../../engines/autodiff/index.js";
import { QuernError } from "../../../../../foundation/base/errors.js";
import type { Frame } from "../../../../../foundation/contracts/frame.js";
import type { GraphValue } from "../../../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../../../foundation/contracts/tensor.js";
import type { Fitted, TrainingContext } from "../../../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../../../numeric/pace.js";
import { changedBatches, changesTexts } from "../../augmentation/changed-batches.js";
import { mixedBatches } from "../../augmentation/mixup.js";
import type { Batches } from "../../batches.js";
import { type NetworkTensors, takeRange, tensorElements } from "../../inference.js";
import { textBatches } from "../../length-buckets.js";
import { diagnosticsOf } from "../../network-kind.js";
import { scoreLoss, scoreValidation } from "../../network-loss.js";
import { learnedTensors, linkedAnswers, type NetworkData, outcomeOf, outputsFor } from "../../outcome.js";
import { VectorCache } from "../../pretrained/vector-cache.js";
import type { NetworkFunction, Scope, Values } from "../../scope.js";
import { type TrainedNetwork, trainNetwork } from "../../train-network.js";
import { predictionInputs, textName, trainingInputs } from "../text-columns.js";
import { resolvedTraining, type TextEncoderConfig } from "./config.js";
import { type EncoderState, restoreEncoder, vectorName, withVectors } from "./encoder-model.js";
import { type EncoderShape, encoderScores, headScores, piecesRead } from "./encoder-scores.js";
import { correctedTensors, corrections, phasesOf } from "./fine-tuning.js";
import { checkVocabulary, openEncoder } from "./open-encoder.js";
import type { PretrainedEncoder } from "./read-encoder.js";
import { TextVectors } from "./text-vectors.js";

const CLIP_NORM = 1;
/** Texts that become vectors between two looks at the signal. */
const TEXTS_AT_ONCE = 64;
/** Rows of a look at validation that are computed at once. */
const JUDGED_AT_ONCE = 64;
/** A step is long. */
const STEPS_AT_ONCE = 4;

/** What texts became by an encoder, by what is read of them; kept as long as the encoder is. */
const vectorsByEncoder = new WeakMap<PretrainedEncoder, Map<string, TextVectors>>();

/** @throws QuernError TRAINING_FAILED naming `trainer`; what reading the folder throws */
export async function fitEncoder(
  trainer: string,
  data: NetworkData,
  config: TextEncoderConfig,
  context: TrainingContext,
): Promise<Fitted<EncoderState>> {
  const { train, validation } = data;
  const source = openEncoder(trainer, config);
  if (config.tuning === "frozen" && changesTexts(config)) throw unchangeable(trainer);
  const { inputs, tensors } = trainingInputs(train.features, trainer);
  checkVocabulary(trainer, Math.max(0, ...inputs.texts.map(({ vocabulary }) => vocabulary)), source.encoder);
  const outcome = outcomeOf(train.target, train.weights);
  const shape: EncoderShape = {
    architecture: source.encoder.architecture,
    inputs,
    length: config.length,
    dropout: config.dropout,
    outputs: outputsFor(train.target),
  };
  const frozen = config.tuning === "frozen" || inputs.texts.length === 0;
  const vectors = frozen
    ? vectorsOf(source.encoder, shape, cacheOf(source.encoder, config, context))
    : undefined;
  const seen = async (given: Record<string, Tensor>) =>
    vectors ? withVectors(given, await warmed(vectors, given, context)) : given;
  const answer = frozen ? frozenScores(shape) : tunedScores(shape, config);
  const learnt = {
    ...(await seen(tensors)),
    ...learnedTensors(train, outcome),
  };
  const judged = validation && {
    tensors: await seen(predictionInputs(validation.features, inputs)),
    ...{ data: validation, outputs: shape.outputs, outcome, rowsAtOnce: JUDGED_AT_ONCE },
    texts: frozen ? [] : inputs.texts.map((_, k) => textName(k)),
  };
  const answers: NetworkFunction<GraphValue> = (scope, values) =>
    linkedAnswers(scope.x, answer(scope, values), outcome.kind);
  const { batch, steps, learningRate } = resolvedTraining(config, train.features.rows);
  const phases = frozen ? [{ treatment: undefined }] : phasesOf(config, shape.architecture, learningRate);
  const read = config.buckets && !frozen ? inputs.texts.map((_, k) => textName(k)) : [];
  const features = frozen ? undefined : train.features;
  let given: NetworkTensors = frozen ? {} : source.tensors;
  let trained: TrainedNetwork | undefined;
  for (const [phase, { treatment }] of phases.entries()) {
    const inPhase = Math.max(1, Math.round(Math.min(steps, context.maxIterations ?? steps) / phases.length));
    trained = await trainNetwork(
      {
        batches: phaseBatches(learnt, read, {
          ...{ batch, steps: inPhase, phase, config, context },
          features,
        }),
        loss: scoreLoss(answer, config.labelSmoothing),
        optimizer: adamW({ weightDecay: config.weightDecay }),
        learningRate,
        schedule: risingCosine,
        steps: inPhase,
        clipNorm: CLIP_NORM,
        averaging: config.averaging,
        keep: config.checkpoint,
        given,
        ...(treatment ? { treatment } : {}),
        ...(judged ? { validation: scoreValidation(answers, judged) } : {}),
        ...(frozen ? {} : { stepsAtOnce: STEPS_AT_ONCE, looks: 5 }),
      },
      { ...context, ...checkpointsOf(context, phase), random: context.random.fork(`phase/${phase}`) },
    );
    given = trained.tensors;
  }
  const state: EncoderState = {
    shape,
    tensors: frozen ? { ...source.tensors, ...given } : correctedTensors(given, config),
    outcome,
    diagnostics: { ...diagnosticsOf(trained!), size: { parameters: tensorElements(source.tensors) } },
  };
  return restoreEncoder(state, vectors);
}

interface PhaseOptions {
  readonly batch: number;
  readonly steps: number;
  readonly phase: number;
  readonly config: TextEncoderConfig;
  readonly context: TrainingContext;
  /** Where texts may change; absent: the encoder is frozen. */
  readonly features: Frame | undefined;
}

/** @param texts names of the tensors whose length is gone by */
function phaseBatches(
  learnt: Readonly<Record<string, Tensor>>,
  texts: readonly string[],
  { batch, steps, phase, config, context, features }: PhaseOptions,
): Batches {
  const random = (name: string) => context.random.fork(`${name}/${phase}`);
  const rows = textBatches(learnt, { batch, steps, texts, random: random("rows") });
  const changed = features
    ? changedBatches(rows, { settings: config, features, name: textName, random: random("texts") })
    : rows;
  return mixedBatches(changed, config.mixup, random("mixup"));
}

/** Vectors of a frozen encoder are computed once for each text. */
function unchangeable(trainer: string): QuernError {
  return new QuernError(
    "TRAINING_FAILED",
    `The trainer ${trainer} changes texts only while it tunes the encoder.`,
    {
      hint: "Set `tuning: lora` or `tuning: full`, or leave out synonyms, swaps, deletions, typos and rewrites.",
      details: { trainer },
    },
  );
}

/** Of each text column; equal ones are one. */
function vectorsOf(encoder: PretrainedEncoder, shape: EncoderShape, cache: VectorCache): TextVectors[] {
  const longest = piecesRead(shape);
  const vectors = vectorsByEncoder.get(encoder) ?? new Map<string, TextVectors>();
  vectorsByEncoder.set(encoder, vectors);
  return shape.inputs.texts.map(({ separator }) => {
    const key = `${longest}/${separator ?? ""}`;
    const known =
      vectors.get(key) ??
      new TextVectors(encoder.architecture, encoder.tensors, { longest, separator }, cache);
    vectors.set(key, known);
    return known;
  });
}

/** Kept ones are those of this model; what is read of a text is part of its key. */
function cacheOf(
  encoder: PretrainedEncoder,
  { content }: TextEncoderConfig,
  { cacheFolder }: TrainingContext,
): VectorCache {
  const { width } = encoder.architecture;
  const isKept = cacheFolder !== undefined && content !== "";
  return new VectorCache(width, isKept ? join(cacheFolder, "features", content) : undefined);
}

/** Computes the vectors part by part, so that a signal is heard and progress seen. */
async function warmed(
  vectors: readonly TextVectors[],
  tensors: Readonly<Record<string, Tensor>>,
  context: TrainingContext,
): Promise<readonly TextVectors[]> {
  for (const [k, known] of vectors.entries()) {
    const tokens = tensors[textName(k)]!;
    const rows = tokens.shape[0]!;
    const checkpoint = createCheckpoint(context, "encode", rows);
    for (let start = 0; start < rows; start += TEXTS_AT_ONCE) {
      await checkpoint(start);
      known.of(takeRange(tokens, start, Math.min(rows, start + TEXTS_AT_ONCE)));
    }
  }
  return vectors;
}

function frozenScores(shape: EncoderShape): NetworkFunction<GraphValue> {
  return (scope: Scope, values: Values) =>
    headScores(
      scope,
      shape,
      shape.inputs.texts.map((_, k) => values[vectorName(k)]!),
      values,
    );
}

function tunedScores(shape: EncoderShape, config: TextEncoderConfig): NetworkFunction<GraphValue> {
  const options = { dropout: config.dropout, ...corrections(config, shape.architecture) };
  return (scope, values) => encoderScores(scope, shape, values, options);
}

/** Each phase is a training of its own. */
function checkpointsOf(
  { checkpoints }: TrainingContext,
  phase: number,
): Pick<TrainingContext, "checkpoints"> {
  if (!checkpoints) return {};
  const { folder, identity } = checkpoints;
  return { checkpoints: { folder: `${folder}/${phase}`, identity: `${identity}/${phase}` } };
}
