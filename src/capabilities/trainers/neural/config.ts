import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { mixupField } from "./augmentation/mixup.js";
import {
  averagingField,
  checkpointField,
  dropoutField,
  frequenciesField,
  frequencyScaleField,
  labelSmoothingField,
  learningRateField,
  mostPassesField,
  tableBatchField,
  tableStepsField,
  weightDecayField,
} from "./shared-fields.js";

const ACTIVATIONS = ["relu", "selu", "silu", "gelu"] as const;
const EMBEDDINGS = ["none", "plr", "pbld"] as const;

const network = {
  embedding: z
    .enum(EMBEDDINGS)
    .default("pbld")
    .register(fields, {
      title: "Embedding of numbers",
      help: "`plr`: sines and cosines, linear, ReLU; `pbld`: cosines, linear, beside the number itself; `none`: the number.",
      tune: { choices: EMBEDDINGS },
    }),
  frequencies: frequenciesField(),
  frequencyScale: frequencyScaleField(),
  embeddingWidth: z.number().int().min(2).max(128).default(4).register(fields, {
    title: "Embedding width",
    help: "Values that stand for each number.",
  }),
  smoothClip: z.boolean().default(true).register(fields, {
    title: "Smooth clip",
    help: "Keeps inputs within 3, smoothly: x / sqrt(1 + (x/3)^2).",
  }),
  hiddenLayers: z
    .number()
    .int()
    .min(1)
    .max(8)
    .default(3)
    .register(fields, { title: "Hidden layers", tune: { low: 1, high: 4, integer: true } }),
  hiddenWidth: z
    .number()
    .int()
    .min(1)
    .max(2048)
    .default(192)
    .register(fields, {
      title: "Hidden width",
      unit: "units",
      tune: { low: 64, high: 384, scale: "log", integer: true },
    }),
  activation: z
    .enum(ACTIVATIONS)
    .default("selu")
    .register(fields, { title: "Activation", tune: { choices: ACTIVATIONS } }),
  members: z.number().int().min(1).max(64).default(1).register(fields, {
    title: "Members",
    help: "Networks trained side by side, whose predictions are averaged.",
  }),
  memberWeights: z.enum(["own", "shared"]).default("shared").register(fields, {
    title: "Weights of the members",
    help: "`shared`: one set of weights that each member scales in its own way (TabM); `own`: separate networks.",
  }),
};

const training = {
  dropout: dropoutField(0.15),
  learningRate: learningRateField(3e-3, "the schedule lowers it", { low: 3e-4, high: 1e-2 }),
  weightDecay: weightDecayField(0.01),
  labelSmoothing: labelSmoothingField(),
  mixup: mixupField("pairs of rows, numbers embedded,"),
  schedule: z.enum(["cosine", "coslog4", "one-cycle", "constant"]).default("coslog4").register(fields, {
    title: "Schedule of the learning rate",
    help: "`coslog4`: four waves; the others fall once, or stay.",
  }),
  batchSize: tableBatchField(),
  steps: tableStepsField(1200),
  mostPasses: mostPassesField(),
  averaging: averagingField(),
  stopShare: z.number().gt(0).max(1).default(1).register(fields, {
    title: "Stop share",
    help: "The training ends after this share of its steps, on the learning rates of a whole one.",
  }),
  checkpoint: checkpointField(),
};

export const neuralConfig = z.strictObject({ ...network, ...training });
export type NeuralConfig = z.infer<typeof neuralConfig>;

/** Settings that have proven themselves; each differs from the others in what it learns well. */
export const NEURAL_PRESETS = {
  /** After RealMLP (Holzmueller et al., 2024): the defaults. */
  realmlp: {},
  /** Periodic embeddings (Gorishniy et al., 2022). */
  plr: {
    embedding: "plr",
    frequencyScale: 0.3,
    embeddingWidth: 6,
    hiddenLayers: 2,
    activation: "relu",
    learningRate: 2.5e-3,
    schedule: "cosine",
  },
  /** Members that share their weights, after TabM (Gorishniy et al., 2025). */
  tabm: {
    embedding: "plr",
    embeddingWidth: 8,
    hiddenLayers: 2,
    hiddenWidth: 128,
    activation: "relu",
    learningRate: 2e-3,
    schedule: "cosine",
    members: 8,
    steps: 800,
  },
  plain: { embedding: "none", activation: "relu", learningRate: 2e-3, schedule: "cosine" },
} as const satisfies Record<string, Partial<NeuralConfig>>;

const SMALL_ROWS = 2000;
const LARGE_ROWS = 10_000;

/** Rows of a step and number of steps for so many training rows. */
export function trainingLength(
  { batchSize, steps, mostPasses }: Pick<NeuralConfig, "batchSize" | "steps" | "mostPasses">,
  rows: number,
): { batch: number; steps: number } {
  const doublings = Math.max(0, Math.ceil(Math.log(rows / LARGE_ROWS) / Math.log(4)));
  const batch = Math.min(rows, batchSize * 2 ** doublings);
  const wanted = Math.round(steps * Math.max(1, Math.sqrt(rows / SMALL_ROWS)));
  return { batch, steps: Math.min(wanted, Math.ceil((mostPasses * rows) / batch)) };
}
