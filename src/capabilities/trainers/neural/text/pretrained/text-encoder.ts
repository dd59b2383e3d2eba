import { defineTrainer } from "../../../../../foundation/contracts/trainer.js";
import { wideSeconds } from "../estimate.js";
import { resolvedTraining, textEncoderConfig } from "./config.js";
import { type EncoderState, restoreEncoder } from "./encoder-model.js";
import { fitEncoder } from "./fit-encoder.js";

const ID = "text-encoder";

/** A pretrained encoder from a folder, with a new head. */
export const textEncoder = defineTrainer<typeof textEncoderConfig, EncoderState>({
  id: ID,
  version: 4,
  summary:
    "Pretrained text encoder from a folder (BERT, RoBERTa, DistilBERT, MiniLM) with a new head; frozen, LoRA or full.",
  config: textEncoderConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "encoders",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: true,
    bagging: "refit",
  },
  estimate(specification, config) {
    const { rows, validationRows = 0, textPieces } = specification;
    const { batch, steps } = resolvedTraining(config, rows);
    // Frozen, short texts take a short graph: on average half of the longest.
    const pieces =
      Math.min(textPieces ?? config.length, config.length) * (config.tuning === "frozen" ? 0.5 : 1);
    const perText = SECONDS_PER_PIECE * pieces;
    const seconds =
      config.tuning === "frozen"
        ? (rows + validationRows) * perText
        : steps * batch * perText * (config.tuning === "lora" ? 2 : 3);
    const wide = config.wide ? wideSeconds(specification, textPieces ?? config.length) : 0;
    return { seconds: 1 + seconds + wide, bytes: 2 ** 30 };
  },
  fit: (data, config, context) => fitEncoder(ID, data, config, context),
  restore: (state) => restoreEncoder(state),
});

/** Of an encoder of 22 million parameters, forward, on one thread of a current processor. */
const SECONDS_PER_PIECE = 4e-4;
