import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { textAugmentationFields } from "../augmentation/config.js";
import { mixupField } from "../augmentation/mixup.js";
import {
  averagingField,
  bucketsField,
  checkpointField,
  dropoutField,
  labelSmoothingField,
  learningRateField,
  minimumStepsField,
  RISES,
  weightDecayField,
} from "../shared-fields.js";

export const ARCHITECTURES = ["bag", "convolution", "recurrent", "transformer"] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** Of a linear model of terms beside a network that reads. */
export const wideFields = {
  wide: z.boolean().default(true).register(fields, {
    title: "Wide part",
    help: "Adds a linear model of the pieces and pairs that a text has, as TF-IDF weighs them, and of the other features (wide and deep).",
  }),
  widePairBuckets: z
    .number()
    .int()
    .min(0)
    .max(2 ** 20)
    .default(2 ** 17)
    .register(fields, {
      title: "Buckets of pairs of the wide part",
      help: "Neighbouring pieces share so many coefficients by their hash; 0: pairs do not count.",
    }),
};

const network = {
  architecture: z
    .enum(ARCHITECTURES)
    .default("bag")
    .register(fields, {
      title: "Architecture",
      help: "How a text is read: mean of pieces and pairs (fastText), convolution, LSTM in both directions, or transformer.",
      tune: { choices: ARCHITECTURES, lowCost: "bag" },
    }),
  width: z
    .number()
    .int()
    .min(4)
    .max(1024)
    .default(64)
    .register(fields, {
      title: "Width",
      help: "Values that stand for each piece of text; a multiple of the heads.",
      unit: "values",
      tune: { low: 32, high: 128, scale: "log", integer: true },
    }),
  layers: z
    .number()
    .int()
    .min(1)
    .max(12)
    .default(1)
    .register(fields, {
      title: "Layers",
      help: "Of LSTM or transformer.",
      tune: { low: 1, high: 2, integer: true, when: { architecture: ["recurrent", "transformer"] } },
    }),
  heads: z.number().int().min(1).max(16).default(4).register(fields, {
    title: "Heads",
    help: "Of attention; transformer only.",
  }),
  length: z.number().int().min(8).max(4096).default(128).register(fields, {
    title: "Length",
    help: "The rest of a longer text is not read; `bag` reads all.",
    unit: "pieces",
  }),
  pairBuckets: z
    .number()
    .int()
    .min(0)
    .max(2 ** 20)
    .default(2 ** 15)
    .register(fields, {
      title: "Buckets of pairs",
      help: "Neighbouring pieces share so many vectors by their hash; 0: pairs do not count.",
    }),
  ...wideFields,
  initialVectors: z.enum(["random", "cooccurrence"]).default("random").register(fields, {
    title: "Initial vectors",
    help: "Of pieces: drawn, or learnt from which pieces stand together in the training texts (Levy and Goldberg, 2014).",
  }),
  pretrainingEpochs: z.number().int().min(0).max(1000).default(0).register(fields, {
    title: "Epochs of pretraining",
    help: "`recurrent` and `transformer` first learn to guess hidden pieces of the training texts, so many times each (Devlin et al., 2019).",
  }),
};

const training = {
  dropout: dropoutField(0.2),
  tokenDropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.2)
    .register(fields, {
      title: "Token dropout",
      help: "Share of pieces hidden while training, so that no single one decides.",
      tune: { low: 0, high: 0.5 },
    }),
  learningRate: learningRateField(2e-3, RISES, { low: 3e-4, high: 1e-2 }),
  weightDecay: weightDecayField(0.01),
  labelSmoothing: labelSmoothingField(),
  ...textAugmentationFields,
  mixup: mixupField("the vectors of pairs of texts"),
  epochs: z.number().int().min(1).max(1000).default(4).register(fields, {
    title: "Epochs",
    help: "Times that each row is seen.",
  }),
  minimumSteps: minimumStepsField(100),
  batchSize: z.number().int().min(1).max(4096).default(32).register(fields, {
    title: "Batch size",
    unit: "rows",
  }),
  buckets: bucketsField(),
  averaging: averagingField(),
  checkpoint: checkpointField(),
};

export const textNetworkConfig = z.strictObject({ ...network, ...training });
export type TextNetworkConfig = z.infer<typeof textNetworkConfig>;
