import { z } from "zod";
import { fields } from "../../../../foundation/contracts/extension.js";
import {
  checkpointField,
  frozenLayersField,
  layerDecayField,
  lowRankFields,
  minimumStepsField,
} from "../shared-fields.js";

export const PAIR_LOSSES = ["ranked", "ordered", "cosine", "contrastive"] as const;
export type PairLoss = (typeof PAIR_LOSSES)[number];
export const PAIR_TUNINGS = ["lora", "full"] as const;

export const pairTuningConfig = z.strictObject({
  loss: z
    .enum(["auto", ...PAIR_LOSSES])
    .default("auto")
    .register(fields, {
      title: "Loss",
      help: "`ranked`: each second text among those of its batch (positive pairs); `ordered`: cosines in the order of the scores (CoSENT); `cosine`: cosines equal to the scores; `contrastive`: near or apart by a margin (scores 0 and 1). `auto`: `ranked` without scores, `ordered` with.",
    }),
  tuning: z.enum(PAIR_TUNINGS).default("full").register(fields, {
    title: "Tuning",
    help: "`lora`: corrections of low rank; `full`: all weights.",
  }),
  ...lowRankFields,
  layerDecay: layerDecayField(1),
  frozenLayers: frozenLayersField(),
  scale: z.number().positive().default(20).register(fields, {
    title: "Scale",
    help: "`ranked` and `ordered`: times the cosines (1 / temperature).",
  }),
  margin: z.number().positive().max(2).default(1).register(fields, {
    title: "Margin",
    help: "`contrastive`: distance of unit vectors beyond which a pair is far enough apart.",
  }),
  dropout: z.number().min(0).max(0.9).default(0.1).register(fields, { title: "Dropout" }),
  learningRate: z.number().positive().nullable().default(null).register(fields, {
    title: "Learning rate",
    help: "The highest; default 0.0005 for LoRA, 0.00005 full.",
  }),
  weightDecay: z.number().min(0).default(0.01).register(fields, { title: "Weight decay" }),
  epochs: z
    .number()
    .int()
    .min(1)
    .max(1000)
    .default(3)
    .register(fields, { title: "Epochs", help: "Times that each pair is seen." }),
  minimumSteps: minimumStepsField(100),
  batchSize: z.number().int().min(2).max(1024).default(32).register(fields, {
    title: "Batch size",
    help: "Pairs of a step; `ranked`: the more, the more each is told apart from.",
    unit: "pairs",
  }),
  checkpoint: checkpointField(),
});
export type PairTuningConfig = z.infer<typeof pairTuningConfig>;

export const PAIR_RATES: Readonly<Record<PairTuningConfig["tuning"], number>> = { lora: 5e-4, full: 5e-5 };
