import { z } from "zod";
import { fields } from "../../../../../foundation/contracts/extension.js";
import { textAugmentationFields } from "../../augmentation/config.js";
import { mixupField } from "../../augmentation/mixup.js";
import {
  averagingField,
  bucketsField,
  checkpointField,
  frozenLayersField,
  headRateField,
  labelSmoothingField,
  layerDecayField,
  lowRankFields,
  minimumStepsField,
} from "../../shared-fields.js";
import { wideFields } from "../config.js";

const TUNINGS = ["frozen", "lora", "full"] as const;

export const textEncoderConfig = z.strictObject({
  model: z.string().default("").register(fields, {
    title: "Pretrained encoder",
    help: "A folder (relative to quern.yaml) with tokenizer.json and an ONNX export, or with config.json and model.safetensors of a BERT, RoBERTa, DistilBERT or MiniLM; or `hf:organisation/name@revision`.",
  }),
  content: z.string().default("").register(fields, {
    title: "Content of the model",
    help: "SHA-256 of its files; filled in, so that other weights are another configuration.",
  }),
  tuning: z.enum(TUNINGS).default("frozen").register(fields, {
    title: "Tuning",
    help: "`frozen`: only a new head learns; `lora`: also corrections of low rank; `full`: all weights.",
  }),
  ...lowRankFields,
  headRate: headRateField(),
  layerDecay: layerDecayField(0.9),
  frozenLayers: frozenLayersField(),
  gradual: z.boolean().default(false).register(fields, {
    title: "Gradual unfreezing",
    help: "`full`: the head learns first, then block after block joins from above (ULMFiT), in as many equal parts.",
  }),
  joined: z.array(z.string()).default([]).register(fields, {
    title: "Columns read as one text",
    help: "Names of text columns that are read together, `[CLS] first [SEP] second [SEP]` (cross-encoder), by all networks of the training; empty: each by itself.",
  }),
  ...wideFields,
  length: z.number().int().min(8).max(4096).default(128).register(fields, {
    title: "Length",
    help: "The rest of a longer text is not read.",
    unit: "pieces",
  }),
  dropout: z.number().min(0).max(0.9).default(0.1).register(fields, { title: "Dropout" }),
  learningRate: z.number().positive().nullable().default(null).register(fields, {
    title: "Learning rate",
    help: "The highest; default 0.002 frozen, 0.0005 LoRA, 0.00005 full.",
  }),
  weightDecay: z.number().min(0).default(0.01).register(fields, { title: "Weight decay" }),
  labelSmoothing: labelSmoothingField(),
  ...textAugmentationFields,
  mixup: mixupField("the vectors of pairs of texts"),
  epochs: z.number().int().min(1).max(1000).nullable().default(null).register(fields, {
    title: "Epochs",
    help: "Times that each row is seen; default 20 frozen, 3 otherwise.",
  }),
  minimumSteps: minimumStepsField(120),
  batchSize: z.number().int().min(1).max(1024).default(16).register(fields, {
    title: "Batch size",
    unit: "rows",
  }),
  buckets: bucketsField(),
  averaging: averagingField(),
  checkpoint: checkpointField(),
});
export type TextEncoderConfig = z.infer<typeof textEncoderConfig>;

const RATES: Readonly<Record<TextEncoderConfig["tuning"], number>> = { frozen: 2e-3, lora: 5e-4, full: 5e-5 };

/** Lengths and rates where the configuration leaves them to the tuning. */
export function resolvedTraining(
  {
    tuning,
    epochs,
    minimumSteps,
    learningRate,
    batchSize,
  }: Pick<TextEncoderConfig, "tuning" | "epochs" | "minimumSteps" | "learningRate" | "batchSize">,
  rows: number,
): { batch: number; steps: number; learningRate: number } {
  const batch = Math.min(rows, batchSize);
  const rounds = epochs ?? (tuning === "frozen" ? 20 : 3);
  return {
    batch,
    steps: Math.max(minimumSteps, Math.round((rounds * rows) / batch)),
    learningRate: learningRate ?? RATES[tuning],
  };
}
