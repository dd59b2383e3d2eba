import {
  defineStructuredTrainer,
  type FittedStructure,
  type StructuredTrainingData,
} from "../../../../foundation/contracts/structured-trainer.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { diagnosticsOf } from "../network-kind.js";
import { type TaggerConfig, taggerConfig } from "./config.js";
import { fittedTagger, type TaggerState, type TagNetwork } from "./fitted-tagger.js";
import { tagScores } from "./tag-head.js";
import { taggedTexts, trainTagger } from "./train-tagger.js";
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
  data: StructuredTrainingData<"tagging">,
  config: TaggerConfig,
  context: TrainingContext,
): Promise<FittedStructure<TaggerState<WordShape>>> {
  const texts = taggedTexts(ID, data, WORD_PARTS);
  const { words, characters } = texts.columns;
  const { wordWidth, characterWidth, characterFilters, stateWidth, layers, dropout, wordDropout } = config;
  const shape: WordShape = {
    ...{ wordWidth, characterWidth, characterFilters, stateWidth, layers, dropout, wordDropout },
    words: words.vocabulary,
    spellings: characters.vocabulary,
    labels: texts.labels,
  };
  const { weightDecay, learningRate, checkpoint: keep } = config;
  const length = trainingLength(texts.rows, config);
  const training = { ...length, weightDecay, learningRate, keep, clipNorm: CLIP_NORM };
  const trained = await trainTagger({ network: WORD_TAGGER, shape, texts, ...training }, context);
  return fittedTagger(WORD_TAGGER, { shape, tensors: trained.tensors, diagnostics: diagnosticsOf(trained) });
}
