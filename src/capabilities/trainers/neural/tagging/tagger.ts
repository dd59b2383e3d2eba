import { adamW, risingCosine } from "../../../../engines/autodiff/index.js";
import { takeStructures } from "../../../../foundation/contracts/structured.js";
import {
  defineStructuredTrainer,
  type FittedStructure,
  type StructuredTrainingData,
} from "../../../../foundation/contracts/structured-trainer.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { sampledBatches } from "../batches.js";
import { diagnosticsOf } from "../network-kind.js";
import { trainNetwork } from "../train-network.js";
import { type TaggerConfig, taggerConfig } from "./config.js";
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
import { WORD_PARTS, type WordShape, wordStates } from "./word-network.js";

const ID = "tagger";
const CLIP_NORM = 5;
/** Where the configuration leaves it open: so often is each text seen, and so many steps are taken of few texts. */
const LEAST_EPOCHS = 15;
const MOST_EPOCHS = 60;
const LEAST_STEPS = 400;

const WORD_TAGGER: TagNetwork<WordShape> = {
  parts: WORD_PARTS,
  scores: (scope, shape, values) =>
    tagScores(scope.at("tags"), wordStates(scope, shape, values), values.spans!, shape.labels),
};

/** Entities by words and their characters, from scratch. */
export const tagger = defineStructuredTrainer<"tagging", typeof taggerConfig, TaggerState<WordShape>>({
  id: ID,
  version: 1,
  task: "tagging",
  summary: "Network that reads words and characters in both directions, with a conditional random field.",
  config: taggerConfig,
  estimate({ rows }, config) {
    const { steps, batch } = trainingLength(rows, config);
    const products = config.layers * 16 * config.stateWidth ** 2 + 12 * config.wordWidth * config.stateWidth;
    const pieces = batch * config.length;
    return {
      seconds: 2 + 0.05 * config.length + steps * pieces * (3 * products * 1.2e-11 + 4e-6),
      bytes: 4 * (12 * config.vocabulary * config.wordWidth + pieces * 200 * config.stateWidth),
    };
  },
  fit,
  restore: (state) => fittedTagger(WORD_TAGGER, state),
});

export function trainingLength(
  rows: number,
  { epochs, batchSize }: Pick<TaggerConfig, "epochs" | "batchSize">,
): { readonly batch: number; readonly steps: number } {
  const batch = Math.min(rows, batchSize);
  const rounds = epochs ?? Math.min(MOST_EPOCHS, Math.max(LEAST_EPOCHS, (LEAST_STEPS * batch) / rows));
  return { batch, steps: Math.max(1, Math.round((rounds * rows) / batch)) };
}

async function fit(
  { train, validation }: StructuredTrainingData<"tagging">,
  config: TaggerConfig,
  context: TrainingContext,
): Promise<FittedStructure<TaggerState<WordShape>>> {
  const all = tokenColumns(train.features, WORD_PARTS);
  const rows = readableRows(all.spans, ID);
  const columns = takeTokens(all, rows);
  const { labels, rows: truth } = takeStructures(train.target, rows);
  const { length } = columns.words;
  const { wordWidth, characterWidth, characterFilters, stateWidth, layers, dropout, wordDropout } = config;
  const shape: WordShape = {
    ...{ wordWidth, characterWidth, characterFilters, stateWidth, layers, dropout, wordDropout },
    words: columns.words.vocabulary,
    spellings: columns.characters.vocabulary,
    labels: labels.length,
  };
  const tensors = {
    ...tokenTensors(columns),
    truth: {
      type: "int64" as const,
      shape: [rows.length, length],
      data: truePieces(truth, columns.spans),
    },
  };
  const judged = judgedTexts(validation, WORD_PARTS);
  const { batch, steps } = trainingLength(rows.length, config);
  const trained = await trainNetwork(
    {
      batches: sampledBatches(tensors, { batch, random: context.random.fork("rows") }),
      loss: (scope, { truth: wanted, ...values }) =>
        tagLoss(scope, WORD_TAGGER.scores(scope, shape, values), wanted!),
      ...(judged ? { validation: tagValidation(WORD_TAGGER, shape, judged) } : {}),
      optimizer: adamW({ weightDecay: config.weightDecay }),
      learningRate: config.learningRate,
      schedule: risingCosine,
      steps: Math.min(steps, context.maxIterations ?? steps),
      clipNorm: CLIP_NORM,
      keep: config.checkpoint,
    },
    context,
  );
  return fittedTagger(WORD_TAGGER, { shape, tensors: trained.tensors, diagnostics: diagnosticsOf(trained) });
}
