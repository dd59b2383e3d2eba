import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import { neuralConfig, trainingLength } from "./config.js";
import { fitNetwork } from "./fit-network.js";
import { denseProducts, type NetworkShape, PERCEPTRON } from "./network.js";
import { fittedNetwork, type NetworkState } from "./network-kind.js";
import { LOOKS } from "./train-network.js";

const ID = "neural-network";
/** Measured on one thread of a current processor, in seconds. */
const COST = {
  start: 0.2,
  step: 1.5e-4,
  /** Of one multiplication in a product of matrices. */
  product: 1.15e-11,
  /** Of one hidden value in one row: activation, mask and their derivatives. */
  activation: 2.5e-9,
  /** Of one parameter: the optimizer. */
  parameter: 2.4e-9,
  /** Of one sine or cosine in one row. */
  wave: 1.8e-8,
};
/** Numbers among the features, where they are not known. */
const EXPECTED_NUMBERS = 8;

/** Multilayer perceptron for tables, with periodic embeddings of numbers and, on request, several members. */
export const neuralNetwork = defineTrainer<typeof neuralConfig, NetworkState<NetworkShape>>({
  id: ID,
  version: 2,
  summary: "Neural network for tables: periodic embeddings of numbers, dense layers, AdamW.",
  config: neuralConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "neural",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: true,
    smooth: true,
    bagging: "keep",
  },
  estimate({ rows, features, classes }, config) {
    const { batch, steps } = trainingLength(config, rows);
    const taken = config.stopShare * steps;
    const embedded = Math.min(features, EXPECTED_NUMBERS);
    const size = denseProducts({ ...config, features, embedded, outputs: classes });
    const copies = config.memberWeights === "own" ? config.members : 1;
    const examples = batch * config.members;
    const waves = config.embedding === "none" ? 0 : embedded * config.frequencies * batch * copies;
    const hidden = examples * config.hiddenLayers * config.hiddenWidth;
    const seconds =
      COST.step +
      3 * examples * size * COST.product +
      hidden * COST.activation +
      size * copies * COST.parameter +
      waves * COST.wave;
    return {
      seconds: COST.start + taken * seconds,
      bytes: 4 * (rows * features * 2 + size * copies * 12 + 8 * hidden + 6 * waves),
    };
  },
  settle: (config, look) =>
    config.checkpoint === "best"
      ? { ...config, checkpoint: "last", stopShare: Math.min(1, look / LOOKS) * config.stopShare }
      : undefined,
  fit: (data, config, context) => fitNetwork(ID, data, config, context),
  restore: (state) => fittedNetwork(PERCEPTRON, state),
});
