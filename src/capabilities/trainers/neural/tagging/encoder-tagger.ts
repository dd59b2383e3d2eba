import { z } from "zod";
import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import { QuernError } from "../../../../foundation/base/errors.js";
import { fields } from "../../../../foundation/contracts/extension.js";
import { cast, type GraphValue } from "../../../../foundation/contracts/graph.js";
import { takeStructures } from "../../../../foundation/contracts/structured.js";
import {
  defineStructuredTrainer,
  type FittedStructure,
  type StructuredTrainingData,
} from "../../../../foundation/contracts/structured-trainer.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { sampledBatches } from "../batches.js";
import type { Treatment } from "../blueprint.js";
import { type NetworkTensors, tensorElements } from "../inference.js";
import { layerNorm } from "../layers/normalization.js";
import { diagnosticsOf } from "../network-kind.js";
import type { Scope, Values } from "../scope.js";
import { resolvedTraining, type TextEncoderConfig, textEncoderConfig } from "../text/pretrained/config.js";
import type { EncoderArchitecture } from "../text/pretrained/encoder-architecture.js";
import { type EncoderOptions, encoderStates } from "../text/pretrained/encoder-network.js";
import { ENCODER } from "../text/pretrained/encoder-scores.js";
import { correctedTensors, corrections, phasesOf } from "../text/pretrained/fine-tuning.js";
import { readEncoder } from "../text/pretrained/read-encoder.js";
import { trainNetwork } from "../train-network.js";
import { fittedTagger, type TaggerState, type TagNetwork, tagValidation } from "./fitted-tagger.js";
import {
  judgedTexts,
  readableRows,
  takeTokens,
  tokenColumns,
  tokenTensors,
  truePieces,
} from "./tag-columns.js";
import { tagLoss, tagScores } from "./tag-head.js";

const ID = "encoder-tagger";
const CLIP_NORM = 1;
/** A step is long. */
const STEPS_AT_ONCE = 4;
const LOOKS = 5;
const PARTS = ["subwords", "firsts", "spans"] as const;
/** Of an encoder of 22 million parameters, forward, on one thread of a current processor. */
const SECONDS_PER_PIECE = 4e-4;

const encoderTaggerConfig = textEncoderConfig
  .omit({ labelSmoothing: true, buckets: true, gradual: true, length: true })
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
    const { batch, steps } = resolvedTraining(asEncoderConfig(config), rows);
    const passes = config.tuning === "frozen" ? 1 : config.tuning === "lora" ? 2 : 3;
    return { seconds: 2 + steps * batch * config.length * SECONDS_PER_PIECE * passes, bytes: 2 ** 30 };
  },
  fit,
  restore: (state) => fittedTagger(encoderNetwork(), state),
});

const asEncoderConfig = (config: EncoderTaggerConfig): TextEncoderConfig => ({
  ...config,
  labelSmoothing: 0,
  buckets: false,
  gradual: false,
});

async function fit(
  { train, validation }: StructuredTrainingData<"tagging">,
  given: EncoderTaggerConfig,
  context: TrainingContext,
): Promise<FittedStructure<TaggerState<EncoderTaggerShape>>> {
  const config = asEncoderConfig(given);
  const { architecture, tensors } = openEncoder(config);
  const all = tokenColumns(train.features, PARTS);
  checkReading(all.subwords, architecture);
  const rows = readableRows(all.spans, ID);
  const columns = takeTokens(all, rows);
  const { labels, rows: truth } = takeStructures(train.target, rows);
  const shape = { architecture, dropout: config.dropout, labels: labels.length };
  const network = encoderNetwork({ dropout: config.dropout, ...corrections(config, architecture) });
  const judged = judgedTexts(validation, PARTS);
  const { batch, steps, learningRate } = resolvedTraining(config, rows.length);
  const learnt = {
    ...tokenTensors(columns),
    truth: {
      type: "int64" as const,
      shape: [rows.length, columns.firsts.length],
      data: truePieces(truth, columns.spans),
    },
  };
  const trained = await trainNetwork(
    {
      batches: sampledBatches(learnt, { batch, random: context.random.fork("rows") }),
      loss: (scope, { truth: wanted, ...values }) =>
        tagLoss(scope, network.scores(scope, shape, values), wanted!),
      ...(judged ? { validation: tagValidation(network, shape, judged) } : {}),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      keep: config.checkpoint,
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
  config: TextEncoderConfig,
  architecture: EncoderArchitecture,
  learningRate: number,
): (name: string) => Treatment | undefined {
  if (config.tuning === "frozen") {
    return (name) => (name.startsWith(`${ENCODER}.`) ? { isFrozen: true } : undefined);
  }
  return phasesOf(config, architecture, learningRate)[0]!.treatment ?? (() => undefined);
}

function openEncoder({ model }: TextEncoderConfig): {
  readonly architecture: EncoderArchitecture;
  readonly tensors: NetworkTensors;
} {
  if (model === "") {
    throw new QuernError("TRAINING_FAILED", `The trainer ${ID} needs a pretrained encoder.`, {
      hint: `Write \`models: [{ trainer: ${ID}, model: path/to/encoder }]\`.`,
      details: { trainer: ID },
    });
  }
  const { architecture, tensors } = readEncoder(model);
  const named = Object.entries(tensors).map(([name, tensor]) => [`${ENCODER}.${name}`, tensor]);
  return { architecture, tensors: Object.fromEntries(named) };
}

function checkReading(
  { vocabulary, length }: { readonly vocabulary: number; readonly length: number },
  { vocabulary: known, positions, positionOffset }: EncoderArchitecture,
): void {
  const places = positions - positionOffset;
  if (vocabulary <= known && length <= places) return;
  const why =
    vocabulary > known
      ? `their tokenizer has ${vocabulary} pieces, the encoder ${known}`
      : `they have up to ${length} pieces, the encoder ${places} places`;
  throw new QuernError("TRAINING_FAILED", `The trainer ${ID} cannot read these texts: ${why}.`, {
    hint: "Keep tokenizer.json and the weights of one model together, and set a `length` that it has places for.",
    details: { trainer: ID },
  });
}
