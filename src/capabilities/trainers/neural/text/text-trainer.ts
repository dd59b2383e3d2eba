import { defineTrainer } from "../../../../foundation/contracts/trainer.js";
import { fittedNetwork, type NetworkState } from "../network-kind.js";
import { textNetworkConfig } from "./config.js";
import { estimateTextTraining } from "./estimate.js";
import { fitTextNetwork } from "./fit-text.js";
import { TEXT_NETWORK, type TextShape } from "./text-network.js";

const ID = "text-network";

/** Networks that read texts beside the other columns, trained from scratch. */
export const textNetwork = defineTrainer<typeof textNetworkConfig, NetworkState<TextShape>>({
  id: ID,
  version: 4,
  summary:
    "Neural network that reads texts: fastText-like, convolution, LSTM in both directions or transformer.",
  config: textNetworkConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "encoders",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: true,
    bagging: "keep",
  },
  estimate: estimateTextTraining,
  fit: (data, config, context) => fitTextNetwork(ID, data, config, context),
  restore: (state) => fittedNetwork(TEXT_NETWORK, state),
});
