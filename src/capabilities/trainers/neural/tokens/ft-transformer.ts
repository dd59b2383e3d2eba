import { defineTrainer } from "../../../../foundation/contracts/trainer.js";
import { trainingLength } from "../config.js";
import { fittedNetwork, type NetworkState } from "../network-kind.js";
import { ftTransformerConfig } from "./config.js";
import { fitTokenNetwork } from "./fit-tokens.js";
import { TOKEN_NETWORK, type TokenShape } from "./token-network.js";

const ID = "ft-transformer";
/** Measured on one thread of a current processor, in seconds. */
const COST = {
  start: 0.3,
  step: 3e-4,
  /** Of one multiplication in a product of matrices. */
  product: 1.15e-11,
  /** Of one value of a token in one row: norms, activations and their derivatives. */
  value: 2.3e-9,
  /** Of one share of the attention: softmax, mask and their derivatives. */
  share: 7e-9,
};
/** Of the last block only the row's token is computed, but keys and values of all. */
const LAST_BLOCK = 0.4;

/** Transformer over the features of a row. */
export const ftTransformer = defineTrainer<typeof ftTransformerConfig, NetworkState<TokenShape>>({
  id: ID,
  version: 1,
  summary: "Transformer for tables: a token for each feature, categories as embeddings, AdamW.",
  config: ftTransformerConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "embedded",
    missingValues: false,
    categories: true,
    sampleWeights: true,
    earlyStopping: true,
    smooth: true,
    bagging: "keep",
  },
  estimate({ rows, features }, config) {
    const { batch, steps } = trainingLength(config, rows);
    const { blocks, heads, hiddenFactor } = config;
    const [width, tokens] = [config.width * heads, features + 1];
    const products = tokens * width * width * (4 + 2 * hiddenFactor) + 2 * tokens * tokens * width;
    const values = tokens * width * (10 + 2 * hiddenFactor);
    const shares = tokens * tokens * heads;
    const block = 3 * products * COST.product + values * COST.value + shares * COST.share;
    const example = (blocks - 1 + LAST_BLOCK) * block;
    return {
      seconds: COST.start + steps * (COST.step + batch * example),
      bytes: 4 * (2 * rows * features + 4 * batch * blocks * (values + 3 * shares)),
    };
  },
  fit: (data, config, context) => fitTokenNetwork(ID, data, config, context),
  restore: (state) => fittedNetwork(TOKEN_NETWORK, state),
});
