import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { neuralConfig, trainingLength } from "./config.js";
import { fitNetwork } from "./fit-network.js";
import { networkSize } from "./network.js";
import { type NetworkState, restoreNetwork } from "./network-model.js";

const ID = "neural-network";
/** One thread of a current processor: multiplications in a second, and time of a step that does nothing. */
const PRODUCTS_PER_SECOND = 2.5e10;
const STEP_SECONDS = 2.5e-4;

/** Multilayer perceptron for tables, with periodic embeddings of numbers and, on request, several members. */
export const neuralNetwork = defineTrainer<typeof neuralConfig, NetworkState>({
  id: ID,
  version: 1,
  summary: "Neural network for tables: periodic embeddings of numbers, dense layers, AdamW.",
  config: neuralConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "neural",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: true,
  },
  estimate({ rows, features, classes }, config) {
    const { batch, steps } = trainingLength(config, rows);
    const embedded = Int32Array.from({ length: Math.min(features, 30) }, (_, position) => position);
    const size = networkSize({ ...config, features, embedded, outputs: classes });
    const waves = config.embedding === "none" ? 0 : embedded.length * config.frequencies * 2;
    const products = 3 * batch * config.members * (size + waves * (config.embeddingWidth + 12));
    const copies = config.memberWeights === "own" ? config.members : 1;
    const activations = batch * config.members * (config.hiddenLayers * config.hiddenWidth * 8 + waves * 4);
    return {
      seconds: 0.2 + steps * (STEP_SECONDS + products / PRODUCTS_PER_SECOND),
      bytes: 4 * (rows * features * 2 + size * copies * 12 + activations),
    };
  },
  fit: (data, config, context) => fitNetwork(ID, data, config, context),
  restore: restoreNetwork,
});
