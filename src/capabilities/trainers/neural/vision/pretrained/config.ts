import { z } from "zod";
import { fields } from "../../../../../foundation/contracts/extension.js";
import { checkpointField, headRateField, labelSmoothingField } from "../../shared-fields.js";
import { augmentationFields } from "../config.js";

const TUNINGS = ["frozen", "last-layers", "full"] as const;

const channels = () => z.array(z.number()).length(3).nullable().default(null);

const network = {
  model: z.string().default("").register(fields, {
    title: "Pretrained model",
    help: "An ONNX model, or safetensors of a ResNet or vision transformer: a file, a folder (relative to quern.yaml), or `hf:organisation/name@revision`.",
  }),
  content: z.string().default("").register(fields, {
    title: "Content of the model",
    help: "SHA-256 of its files; filled in, so that other weights are another configuration.",
  }),
  features: z.string().default("").register(fields, {
    title: "Features",
    help: "ONNX: the value of the graph that holds the features; default: what the last linear layer looks at.",
  }),
  mean: channels().register(fields, {
    title: "Mean of pixels",
    help: "Red, green and blue in 0..1; default: as preprocessor_config.json says, else ImageNet's.",
  }),
  deviation: channels().register(fields, { title: "Standard deviation of pixels", help: "As the mean." }),
};

const training = {
  tuning: z.enum(TUNINGS).default("frozen").register(fields, {
    title: "Tuning",
    help: "`frozen`: only a new head learns, on features computed once; `last-layers`: also the upper layers; `full`: all.",
  }),
  lastLayers: z.number().int().min(1).max(1000).default(6).register(fields, {
    title: "Last layers",
    help: "`last-layers`: so many layers with weights, counted from above, learn.",
  }),
  lowestRate: z.number().positive().max(1).default(0.1).register(fields, {
    title: "Rate of the lowest layer",
    help: "Times the learning rate; layers above it learn faster, up to the learning rate itself.",
  }),
  headRate: headRateField(),
  dropout: z.number().min(0).max(0.9).default(0.1).register(fields, { title: "Dropout" }),
  learningRate: z.number().positive().nullable().default(null).register(fields, {
    title: "Learning rate",
    help: "The highest; default 0.002 frozen, 0.0003 otherwise.",
  }),
  weightDecay: z.number().min(0).default(0.01).register(fields, { title: "Weight decay" }),
  labelSmoothing: labelSmoothingField(),
  epochs: z.number().positive().max(1000).nullable().default(null).register(fields, {
    title: "Epochs",
    help: "How often every image is seen; default 20 frozen, 5 otherwise.",
  }),
  minimumSteps: z.number().int().min(1).max(1_000_000).default(100).register(fields, {
    title: "Least steps",
    help: "Few images are seen more often than `epochs` says, until so many steps are taken.",
    unit: "steps",
  }),
  batchSize: z.number().int().min(1).max(1024).default(32).register(fields, {
    title: "Batch size",
    help: "Images of a step.",
    unit: "images",
  }),
  checkpoint: checkpointField(),
};

export const imageEncoderConfig = z.strictObject({ ...network, ...training, ...augmentationFields });
export type ImageEncoderConfig = z.infer<typeof imageEncoderConfig>;

const DEFAULTS = {
  frozen: { rate: 2e-3, epochs: 20 },
  "last-layers": { rate: 3e-4, epochs: 5 },
  full: { rate: 3e-4, epochs: 5 },
} as const;

/** Lengths and rates where the configuration leaves them to the tuning. */
export function resolvedTraining(
  { tuning, epochs, learningRate, batchSize, minimumSteps }: ImageEncoderConfig,
  rows: number,
): { batch: number; steps: number; learningRate: number } {
  const { rate, epochs: rounds } = DEFAULTS[tuning];
  const batch = Math.min(rows, batchSize);
  return {
    batch,
    steps: Math.max(minimumSteps, Math.round(((epochs ?? rounds) * rows) / batch)),
    learningRate: learningRate ?? rate,
  };
}
