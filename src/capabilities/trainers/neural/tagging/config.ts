import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import {
  checkpointField,
  dropoutField,
  learningRateField,
  RISES,
  weightDecayField,
} from "../shared-fields.js";

const reading = {
  length: z.number().int().min(8).max(512).default(96).register(fields, {
    title: "Length",
    help: "Longer texts are read in parts, in training their rest is dropped; less where all training texts are shorter.",
    unit: "words",
  }),
  vocabulary: z.number().int().min(100).max(500_000).default(30_000).register(fields, {
    title: "Vocabulary",
    help: "Words at most, the commonest; others are known by their characters.",
    unit: "words",
  }),
  minimumCount: z.number().int().min(1).default(2).register(fields, {
    title: "Least count",
    help: "Words seen less often are known by their characters alone.",
  }),
  characters: z.number().int().min(2).max(64).default(12).register(fields, {
    title: "Characters of a word",
    help: "Of a longer word its beginning and its end are read.",
  }),
};

const network = {
  wordWidth: z
    .number()
    .int()
    .min(4)
    .max(1024)
    .default(64)
    .register(fields, {
      title: "Word width",
      help: "Values that stand for each word.",
      tune: { low: 32, high: 128, scale: "log", integer: true },
    }),
  characterWidth: z.number().int().min(2).max(256).default(16).register(fields, {
    title: "Character width",
    help: "Values that stand for each character.",
  }),
  characterFilters: z.number().int().min(4).max(512).default(32).register(fields, {
    title: "Character filters",
    help: "Patterns of three characters that a word is searched for.",
  }),
  stateWidth: z
    .number()
    .int()
    .min(4)
    .max(1024)
    .default(64)
    .register(fields, {
      title: "State width",
      help: "Of the LSTM, in each direction.",
      tune: { low: 32, high: 128, scale: "log", integer: true },
    }),
  layers: z
    .number()
    .int()
    .min(1)
    .max(4)
    .default(1)
    .register(fields, { title: "Layers", help: "Of the LSTM." }),
};

const training = {
  dropout: dropoutField(0.3),
  wordDropout: z.number().min(0).max(0.9).default(0.1).register(fields, {
    title: "Word dropout",
    help: "Share of words hidden while training, so that their characters and neighbours must do.",
  }),
  learningRate: learningRateField(5e-3, RISES, { low: 1e-3, high: 2e-2 }),
  weightDecay: weightDecayField(0.01),
  epochs: z.number().int().min(1).max(1000).nullable().default(null).register(fields, {
    title: "Epochs",
    help: "Times that each text is seen; default 15, more of few texts.",
  }),
  batchSize: z.number().int().min(1).max(1024).default(16).register(fields, {
    title: "Batch size",
    unit: "texts",
  }),
  checkpoint: checkpointField(),
};

export const taggerConfig = z.strictObject({ ...reading, ...network, ...training });
export type TaggerConfig = z.infer<typeof taggerConfig>;
