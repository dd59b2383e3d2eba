import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";

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
  frequencies: z.number().int().min(1).max(256).default(16).register(fields, {
    title: "Frequencies",
    help: "Learnt frequencies for each number.",
  }),
  frequencyScale: z
    .number()
    .positive()
    .default(0.1)
    .register(fields, {
      title: "Frequency scale",
      help: "Standard deviation of the frequencies at the beginning.",
      tune: { low: 0.02, high: 1, scale: "log" },
    }),
  dropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .register(fields, { title: "Dropout", tune: { low: 0, high: 0.5 } }),
  attentionDropout: z
    .number()
    .min(0)
    .max(0.9)
    .default(0.1)
    .register(fields, { title: "Dropout of the attention", tune: { low: 0, high: 0.4 } }),
  learningRate: z
    .number()
    .positive()
    .default(1e-3)
    .register(fields, {
      title: "Learning rate",
      help: "The highest; it rises over the first tenth of the steps and then falls along a cosine.",
      tune: { low: 2e-4, high: 4e-3, scale: "log" },
    }),
  weightDecay: z
    .number()
    .min(0)
    .default(0.01)
    .register(fields, { title: "Weight decay", tune: { low: 1e-4, high: 0.3, scale: "log" } }),
  labelSmoothing: z.number().min(0).max(0.5).default(0).register(fields, {
    title: "Label smoothing",
    help: "Classification: share of the truth spread over all classes.",
  }),
  batchSize: z.number().int().min(1).max(65_536).default(128).register(fields, {
    title: "Batch size",
    help: "Rows of one step; doubled for each factor of four above 10,000 rows.",
    unit: "rows",
  }),
  steps: z.number().int().min(1).max(10_000_000).default(800).register(fields, {
    title: "Steps",
    help: "For up to 2,000 rows; more rows take more steps, by the square root of the rows.",
    unit: "steps",
  }),
  patience: z.number().int().min(1).max(1000).default(6).register(fields, {
    title: "Patience",
    help: "Stops after so many of twenty looks at validation rows in a row that found nothing better.",
    unit: "looks",
  }),
});
export type FtTransformerConfig = z.infer<typeof ftTransformerConfig>;
