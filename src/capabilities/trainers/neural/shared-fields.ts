/** Config fields that several networks share. */
import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";

export const frequenciesField = () =>
  z.number().int().min(1).max(256).default(16).register(fields, {
    title: "Frequencies",
    help: "Learnt frequencies for each number.",
  });

export const frequencyScaleField = () =>
  z
    .number()
    .positive()
    .default(0.1)
    .register(fields, {
      title: "Frequency scale",
      help: "Standard deviation of the frequencies at the beginning.",
      tune: { low: 0.02, high: 1, scale: "log" },
    });

export const dropoutField = (rate: number) =>
  z
    .number()
    .min(0)
    .max(0.9)
    .default(rate)
    .register(fields, { title: "Dropout", tune: { low: 0, high: 0.5 } });

/** `then` says what the schedule does with it. */
export const learningRateField = (rate: number, then: string, tuned: { low: number; high: number }) =>
  z
    .number()
    .positive()
    .default(rate)
    .register(fields, {
      title: "Learning rate",
      help: `The highest; ${then}.`,
      tune: { ...tuned, scale: "log" },
    });
/** With the schedule `risingCosine`. */
export const RISES = "it rises over the first tenth of the steps and falls along a cosine";

export const weightDecayField = (decay: number, tuned = { low: 1e-4, high: 0.3 }) =>
  z
    .number()
    .min(0)
    .default(decay)
    .register(fields, { title: "Weight decay", tune: { ...tuned, scale: "log" } });

export const labelSmoothingField = (share = 0) =>
  z.number().min(0).max(0.5).default(share).register(fields, {
    title: "Label smoothing",
    help: "Classification: share of the truth spread over all classes.",
  });

/** Of LoRA (Hu et al., 2022). */
export const lowRankFields = {
  rank: z.number().int().min(1).max(256).default(8).register(fields, { title: "Rank", help: "Of LoRA." }),
  alpha: z.number().positive().default(16).register(fields, {
    title: "Alpha",
    help: "Corrections of LoRA are scaled by alpha / rank.",
  }),
};

export const headRateField = () =>
  z.number().positive().nullable().default(null).register(fields, {
    title: "Learning rate of the head",
    help: "Of what is new on a pretrained network that learns itself; default 0.001, or the learning rate where that is higher.",
  });

/** What is new knows nothing yet, however careful the network under it has to be. */
const HEAD_RATE = 1e-3;

/** How a new head learns: times the learning rate. */
export const headRateFactor = (headRate: number | null, learningRate: number): number =>
  headRate === null ? Math.max(1, HEAD_RATE / learningRate) : headRate / learningRate;

export const layerDecayField = (decay: number) =>
  z.number().positive().max(1).default(decay).register(fields, {
    title: "Decay by layer",
    help: "`full`: each block learns so much slower than the one above it.",
  });

export const frozenLayersField = () =>
  z.number().int().min(0).max(100).default(0).register(fields, {
    title: "Frozen blocks",
    help: "`full` and `lora`: so many blocks from below, and the embeddings below them, stay as they are.",
  });

export const averagingField = () =>
  z.number().min(0).max(1).default(0).register(fields, {
    title: "Averaging of weights",
    help: "Share of the steps that weights are averaged over (exponential moving average); the average is judged and kept. 0: none.",
  });

export const minimumStepsField = (steps: number) =>
  z.number().int().min(1).max(1_000_000).default(steps).register(fields, {
    title: "Least steps",
    help: "A training takes at least so many steps, however few rows there are.",
    unit: "steps",
  });

export const bucketsField = () =>
  z.boolean().default(true).register(fields, {
    title: "Batches by length",
    help: "Texts of like length are learnt from together and padded to one of a few lengths, which takes less time.",
  });

export const checkpointField = () =>
  z.enum(["best", "last"]).default("best").register(fields, {
    title: "Checkpoint",
    help: "With validation rows: keep the weights that were best on them, or the last.",
  });

/** Of tables: see `trainingLength`. */
export const tableBatchField = () =>
  z.number().int().min(1).max(65_536).default(128).register(fields, {
    title: "Batch size",
    help: "Rows of one step; doubled for each factor of four above 10,000 rows.",
    unit: "rows",
  });

/** Of tables: see `trainingLength`. */
export const tableStepsField = (steps: number) =>
  z.number().int().min(1).max(10_000_000).default(steps).register(fields, {
    title: "Steps",
    help: "For up to 2,000 rows; more rows take more steps, by the square root of the rows.",
    unit: "steps",
  });

/**
 * Of tables: see `trainingLength`. On 100 to 400 rows of eight tables nothing was gained by more passes (adult, 250 rows:
 * AUC .72 after 1,200 steps, .85 after 300), and they were most of the time that so small a training took.
 */
export const mostPassesField = () =>
  z.number().int().min(1).max(1_000_000).default(300).register(fields, {
    title: "Most passes",
    help: "Few rows are not learned from more often than this, whatever the steps.",
  });
