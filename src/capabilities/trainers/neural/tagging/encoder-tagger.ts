import { z } from "zod";
import { QuernError } from "../../../../foundation/base/errors.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import {
  defineStructuredTrainer,
  type FittedStructure,
  type StructuredTrainingData,
} from "../../../../foundation/contracts/structured-trainer.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import type { Treatment } from "../blueprint.js";
import { tensorElements } from "../inference.js";
import { layerNorm } from "../layers/normalization.js";
import { diagnosticsOf } from "../network-kind.js";
import type { Scope, Values } from "../scope.js";
import { resolvedTraining, textEncoderConfig } from "../text/pretrained/config.js";
import type { EncoderArchitecture } from "../text/pretrained/encoder-architecture.js";
import { type EncoderOptions, encoderStates } from "../text/pretrained/encoder-network.js";
import { ENCODER } from "../text/pretrained/encoder-scores.js";
import { correctedTensors, corrections, phasesOf } from "../text/pretrained/fine-tuning.js";
import { checkVocabulary, openEncoder } from "../text/pretrained/open-encoder.js";
import { fittedTagger, type TaggerState, type TagNetwork } from "./fitted-tagger.js";
import { tagScores } from "./tag-head.js";
import { taggedTexts, trainTagger } from "./train-tagger.js";

const ID = "encoder-tagger";
const CLIP_NORM = 1;
/** A step is long. */
const STEPS_AT_ONCE = 4;
const LOOKS = 5;
const PARTS = ["subwords", "firsts", "spans"] as const;
/** Of an encoder of 22 million parameters, forward, on one thread of a current processor. */
const SECONDS_PER_PIECE = 4e-4;

const encoderTaggerConfig = textEncoderConfig
  .omit({
    ...{ labelSmoothing: true, buckets: true, gradual: true, joined: true, length: true },
    ...{ wide: true, widePairBuckets: true },
    // Changed texts would need tags that move with their words.
    ...{ synonyms: true, synonymFile: true, swaps: true, deletions: true, typos: true },
    ...{ rewrites: true, rewriteFile: true, augmentationContent: true, mixup: true, averaging: true },
  })
  .extend({
    length: z.number().int().min(8).max(512).default(128).register(fields, {
      title: "Length",
      help: "Longer texts are read in parts, in training their rest is dropped.",
      unit: "pieces",
    }),
  });
type EncoderTaggerConfig = z.infer<typeof encoderTaggerConfig>;

/** What the layers are; a plain value. */
interface EncoderTaggerShape {
  readonly architecture: EncoderArchitecture;
  readonly dropout: number;
  readonly labels: number;
}

/** The head on the state of each word's first piece (Devlin et al., 2019). */
const encoderNetwork = (options: EncoderOptions = {}): TagNetwork<EncoderTaggerShape> => ({
  parts: PARTS,
  scores(scope, { architecture, dropout, labels }, values) {
    const states = encoderStates(scope.at(ENCODER), values.subwords!, architecture, options);
    const words = layerNorm(scope.at("norm"), firstStates(scope, states, values, architecture.width));
    return tagScores(scope.at("tags"), scope.dropout(words, dropout), values.spans!, labels);
  },
});

/** States [N, S, width] of the places `firsts` [N, L]: [N, L, width]. */
function firstStates({ x }: Scope, states: GraphValue, { firsts }: Values, width: number): GraphValue {
  const places = cast(x.graph, x.unsqueeze(firsts!, [2]), "int64");
  const zeros = x.graph.constant("int64", [1, 1, width], new BigInt64Array(width));
  return x.graph.op("GatherElements", [states, x.add(places, zeros)], { attributes: { axis: { int: 1 } } });
}

/** Entities by a pretrained encoder with a new head. */
export const encoderTagger = defineStructuredTrainer<
  "tagging",
  typeof encoderTaggerConfig,
  TaggerState<EncoderTaggerShape>
>({
  id: ID,
  version: 1,
  task: "tagging",
  summary: "Pretrained text encoder with a conditional random field on each word; frozen, LoRA or full.",
  config: encoderTaggerConfig,
  estimate({ rows }, config) {
    const { batch, steps } = resolvedTraining(config, rows);
    const passes = config.tuning === "frozen" ? 1 : config.tuning === "lora" ? 2 : 3;
    return { seconds: 2 + steps * batch * config.length * SECONDS_PER_PIECE * passes, bytes: 2 ** 30 };
  },
  fit,
  restore: (state) => fittedTagger(encoderNetwork(), state),
});

async function fit(
  data: StructuredTrainingData<"tagging">,
  config: EncoderTaggerConfig,
  context: TrainingContext,
): Promise<FittedStructure<TaggerState<EncoderTaggerShape>>> {
  const { encoder, tensors } = openEncoder(ID, config);
  const { architecture } = encoder;
  const texts = taggedTexts(ID, data, PARTS);
  const { vocabulary, length } = texts.columns.subwords;
  checkVocabulary(ID, vocabulary, encoder);
  checkPlaces(length, architecture);
  const { dropout, weightDecay, checkpoint: keep } = config;
  const shape = { architecture, dropout, labels: texts.labels };
  const { batch, steps, learningRate } = resolvedTraining(config, texts.rows);
  const trained = await trainTagger(
    {
      network: encoderNetwork({ dropout, ...corrections(config, architecture) }),
      ...{ shape, texts, batch, steps, learningRate, weightDecay, keep },
      clipNorm: CLIP_NORM,
      given: tensors,
      treatment: treatmentOf(config, architecture, learningRate),
      stepsAtOnce: STEPS_AT_ONCE,
      looks: LOOKS,
    },
    context,
  );
  const state = {
    shape,
    tensors: correctedTensors(trained.tensors, config),
    diagnostics: { ...diagnosticsOf(trained), size: { parameters: tensorElements(tensors) } },
  };
  return fittedTagger(encoderNetwork(), state);
}

function treatmentOf(
  config: EncoderTaggerConfig,
  architecture: EncoderArchitecture,
  learningRate: number,
): (name: string) => Treatment | undefined {
  if (config.tuning === "frozen") {
    return (name) => (name.startsWith(`${ENCODER}.`) ? { isFrozen: true } : undefined);
  }
  return (
    phasesOf({ ...config, gradual: false }, architecture, learningRate)[0]!.treatment ?? (() => undefined)
  );
}

/** @throws QuernError TRAINING_FAILED */
function checkPlaces(length: number, { positions, positionOffset }: EncoderArchitecture): void {
  const places = positions - positionOffset;
  if (length <= places) return;
  throw new QuernError(
    "TRAINING_FAILED",
    `The trainer ${ID} cannot read these texts: they have up to ${length} pieces, the encoder ${places} places.`,
    { hint: "Set a `length` that it has places for.", details: { trainer: ID } },
  );
}
