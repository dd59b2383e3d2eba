import { defineTrainer } from "../../../../foundation/contracts/trainer.js";
import { fittedNetwork, type NetworkState } from "../network-kind.js";
import { imageNetworkConfig } from "./config.js";
import { estimateImageTraining } from "./estimate.js";
import { fitImageNetwork } from "./fit-image.js";
import { IMAGE_NETWORK, type ImageShape } from "./image-network.js";

const ID = "image-network";

/** Networks that look at images beside the texts and other columns of a row, trained from scratch. */
export const imageNetwork = defineTrainer<typeof imageNetworkConfig, NetworkState<ImageShape>>({
  id: ID,
  version: 1,
  summary: "Neural network that looks at images: plain convolutions, residual blocks or MobileNetV2.",
  config: imageNetworkConfig,
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "encoders",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: true,
    bagging: "keep",
  },
  estimate: estimateImageTraining,
  fit: (data, config, context) => fitImageNetwork(ID, data, config, context),
  restore: (state) => fittedNetwork(IMAGE_NETWORK, state),
});
