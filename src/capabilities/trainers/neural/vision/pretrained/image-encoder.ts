import { defineTrainer } from "../../../../../foundation/contracts/trainer.js";
import { imageEncoderConfig, resolvedTraining } from "./config.js";
import { type ImageEncoderState, restoreImageEncoder } from "./encoder-model.js";
import { fitImageEncoder } from "./fit-image-encoder.js";

const ID = "image-encoder";

/** Measured on one thread of a current processor, of a ResNet-50, forward: seconds for one value of a picture. */
const SECONDS_PER_VALUE = 1e-6;
/** Forward, and twice as much backward. */
const PASSES = 3;

/** A pretrained image network from a file, with a new head. */
export const imageEncoder = defineTrainer<typeof imageEncoderConfig, ImageEncoderState>({
  id: ID,
  version: 1,
  summary:
    "Pretrained image network (any ONNX model; safetensors of ResNet, ViT) with a new head; frozen, last layers or full.",
  config: imageEncoderConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "encoders",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: true,
    bagging: "refit",
  },
  estimate({ rows, features, validationRows = 0 }, config) {
    const { batch, steps } = resolvedTraining(config, rows);
    const seen = config.tuning === "frozen" ? rows + validationRows : PASSES * steps * batch;
    return { seconds: 1 + seen * features * SECONDS_PER_VALUE, bytes: 2 ** 30 };
  },
  fit: (data, config, context) => fitImageEncoder(ID, data, config, context),
  restore: (state) => restoreImageEncoder(state),
});
