import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import { mixupField } from "../augmentation/mixup.js";
import {
  dropoutField,
  frequenciesField,
  frequencyScaleField,
  labelSmoothingField,
  learningRateField,
  mostPassesField,
  RISES,
  tableBatchField,
  tableStepsField,
  weightDecayField,
} from "../shared-fields.js";

export const ftTransformerConfig = z.strictObject({
  blocks: z
    .number()
    .int()
    .min(1)
    .max(8)
    .default(2)
    .register(fields, {
      title: "Blocks",
      help: "Attention and feed-forward parts in a row.",
      tune: { low: 1, high: 3, integer: true },
    }),
  width: z
    .number()
    .int()
    .min(1)
    .max(128)
    .default(8)
    .register(fields, {
      title: "Width of a head",
      help: "Values of a token in each head of the attention.",
      tune: { low: 6, high: 24, scale: "log", integer: true },
    }),
  heads: z.number().int().min(1).max(32).default(6).register(fields, { title: "Heads of the attention" }),
  hiddenFactor: z.number().positive().max(8).default(2).register(fields, {
    title: "Hidden factor",
    help: "Width inside the feed-forward parts, as a multiple of the token's.",
  }),
  embedding: z
    .enum(["linear", "periodic"])
    .default("linear")
    .register(fields, {
      title: "Tokens of numbers",
      help: "`linear`: the number times a vector; `periodic`: by sines and cosines.",
      tune: { choices: ["linear", "periodic"] },
    }),
  frequencies: frequenciesField(),
  frequencyScale: frequencyScaleField(),
  dropout: dropoutField(0.1),
  attentionDropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .register(fields, { title: "Dropout of the attention", tune: { low: 0, high: 0.4 } }),
  learningRate: learningRateField(1e-3, RISES, { low: 2e-4, high: 4e-3 }),
  weightDecay: weightDecayField(0.01),
  mixup: mixupField("the tokens of pairs of rows"),
  labelSmoothing: labelSmoothingField(),
  batchSize: tableBatchField(),
  steps: tableStepsField(800),
  mostPasses: mostPassesField(),
  patience: z.number().int().min(1).max(1000).default(6).register(fields, {
    title: "Patience",
    help: "Stops after so many of twenty looks at validation rows in a row that found nothing better.",
    unit: "looks",
  }),
});
export type FtTransformerConfig = z.infer<typeof ftTransformerConfig>;
