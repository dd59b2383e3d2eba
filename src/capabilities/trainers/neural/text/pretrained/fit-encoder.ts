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
import {
  learnedTensors,
  linkedAnswers,
  type NetworkData,
  type NetworkOutcome,
  outcomeOf,
  outputsFor,
} from "../../outcome.js";
import { VectorCache } from "../../pretrained/vector-cache.js";
import type { NetworkFunction } from "../../scope.js";
import { type TrainedNetwork, trainNetwork } from "../../train-network.js";
import { predictionInputs, textName, trainingInputs } from "../text-columns.js";
import { resolvedTraining, type TextEncoderConfig } from "./config.js";
import { type EncoderState, restoreEncoder, scoresOf, vectorScores, withVectors } from "./encoder-model.js";
import { type EncoderShape, encoderScores, piecesRead, wideShapeOf } from "./encoder-scores.js";
import { correctedTensors, corrections, phasesOf } from "./fine-tuning.js";
import { fitLinearPart } from "./linear-share.js";
import { checkVocabulary, type OpenEncoder, openEncoder } from "./open-encoder.js";
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
  const { train } = data;
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
  const isFrozen = config.tuning === "frozen" || inputs.texts.length === 0;
  const vectors = isFrozen
    ? vectorsOf(source.encoder, shape, cacheOf(source.encoder, config, context))
    : undefined;
  const learning: Learning = { source, shape, outcome, data, tensors, vectors };
  const trained = await trainPhases(learning, config, context);
  const state: EncoderState = {
    shape,
    tensors: isFrozen ? { ...source.tensors, ...trained.tensors } : correctedTensors(trained.tensors, config),
    outcome,
    diagnostics: { ...diagnosticsOf(trained), size: { parameters: tensorElements(source.tensors) } },
  };
  const isWide = config.wide && inputs.texts.length > 0;
  return restoreEncoder(isWide ? await besideLinear(learning, state, config, context) : state, vectors);
}

/** What a training works with. */
interface Learning {
  readonly source: OpenEncoder;
  readonly shape: EncoderShape;
  readonly outcome: NetworkOutcome;
  readonly data: NetworkData;
  /** Inputs of the training rows. */
  readonly tensors: Readonly<Record<string, Tensor>>;
  /** Of each text; absent: the encoder learns. */
  readonly vectors: readonly TextVectors[] | undefined;
}

async function trainPhases(
  { source, shape, outcome, data: { train, validation }, tensors, vectors }: Learning,
  config: TextEncoderConfig,
  context: TrainingContext,
): Promise<TrainedNetwork> {
  const seen = async (given: Readonly<Record<string, Tensor>>) =>
    vectors ? withVectors(given, await warmed(vectors, given, context)) : given;
  const texts = vectors ? [] : shape.inputs.texts.map((_, k) => textName(k));
  const learnt = { ...(await seen(tensors)), ...learnedTensors(train, outcome) };
  const answer: NetworkFunction<GraphValue> = vectors
    ? (scope, values) => vectorScores(scope, shape, values)
    : tunedScores(shape, config);
  const judged = validation && {
    tensors: await seen(predictionInputs(validation.features, shape.inputs)),
    ...{ data: validation, outputs: shape.outputs, outcome, rowsAtOnce: JUDGED_AT_ONCE, texts },
  };
  const answers: NetworkFunction<GraphValue> = (scope, values) =>
    linkedAnswers(scope.x, answer(scope, values), outcome.kind);
  const { batch, steps, learningRate } = resolvedTraining(config, train.features.rows);
  const phases = vectors ? [{ treatment: undefined }] : phasesOf(config, shape.architecture, learningRate);
  let given: NetworkTensors = vectors ? {} : source.tensors;
  let trained: TrainedNetwork | undefined;
  for (const [phase, { treatment }] of phases.entries()) {
    const inPhase = Math.max(1, Math.round(Math.min(steps, context.maxIterations ?? steps) / phases.length));
    trained = await trainNetwork(
      {
        batches: phaseBatches(learnt, config.buckets ? texts : [], {
          ...{ batch, steps: inPhase, phase, config, context },
          features: vectors ? undefined : train.features,
        }),
        loss: scoreLoss(answer, config.labelSmoothing),
        optimizer: adamW({ weightDecay: config.weightDecay }),
        ...{ learningRate, schedule: risingCosine, steps: inPhase, clipNorm: CLIP_NORM },
        ...{ averaging: config.averaging, keep: config.checkpoint, given },
        ...(treatment ? { treatment } : {}),
        ...(judged ? { validation: scoreValidation(answers, judged) } : {}),
        ...(vectors ? {} : { stepsAtOnce: STEPS_AT_ONCE, looks: 5 }),
      },
      { ...context, ...checkpointsOf(context, phase), random: context.random.fork(`phase/${phase}`) },
    );
    given = trained.tensors;
  }
  return trained!;
}

/** The same network with a linear model of the terms beside it, where that is worth anything. */
async function besideLinear(
  { shape, outcome, data: { train, validation }, tensors, vectors }: Learning,
  state: EncoderState,
  { widePairBuckets }: TextEncoderConfig,
  context: TrainingContext,
): Promise<EncoderState> {
  const wide = { ...shape, widePairBuckets };
  const inputs = validation && predictionInputs(validation.features, shape.inputs);
  const judged = validation &&
    inputs && { rows: validation, inputs, scores: scoresOf(state, vectors)(inputs) };
  const learnt = { ...tensors, ...learnedTensors(train, outcome) };
  const fit = { shape: wideShapeOf(wide), outcome, train };
  const linear = await fitLinearPart(learnt, fit, judged, context);
  if (linear.share === 0) return state;
  return {
    ...state,
    shape: { ...wide, wideShare: linear.share },
    tensors: { ...state.tensors, ...linear.tensors },
  };
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
    ? changedBatches(rows, {
        ...{ settings: config, features, name: textName },
        ...{ random: random("texts"), logger: context.logger },
      })
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
