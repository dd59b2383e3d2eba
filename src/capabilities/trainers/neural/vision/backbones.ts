/** One vector of a picture: float32 [N, C, H, W] to [N, features]. Each is small enough to be trained from scratch. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { meanOfChannels, poolWindows } from "../layers/pooling.js";
import { invertedResidual, normedConvolution, residualBlock } from "../layers/residual.js";
import { sizeAt } from "../layers/sizes.js";
import type { Scope } from "../scope.js";
import type { Backbone } from "./config.js";

/** @param width channels of the first stage */
type BackboneNetwork = (scope: Scope, picture: GraphValue, width: number) => GraphValue;

/** Pictures shrink by halves until a side has at most so many pixels. */
const LAST_SIDE = 8;
const MOST_STAGES = 5;

/** How often a picture is halved: 2 for 28 pixels, 3 for 64, 4 for 128. */
export function stagesOf(height: number, width: number): number {
  const halvings = Math.ceil(Math.log2(Math.min(height, width) / LAST_SIDE));
  return Math.min(MOST_STAGES, Math.max(1, halvings));
}

const stagesFor = (picture: GraphValue): number => stagesOf(sizeAt(picture, 2), sizeAt(picture, 3));

/**
 * Two convolutions and a maximum pool in each stage, one in the first, which halves large pictures twice (after Simonyan
 * and Zisserman, 2015, with batch norm).
 */
const smallCnn: BackboneNetwork = (scope, picture, width) => {
  let value = picture;
  const stages = stagesFor(picture);
  for (let stage = 0; stage < stages; stage++) {
    for (let layer = 0; layer < (stage === 0 ? 1 : 2); layer++) {
      const place = scope.at(`stage-${stage}`).at(layer);
      const stride = stage === 0 && stages > 2 ? 2 : 1;
      value = normedConvolution(place, value, width * 2 ** stage, { size: 3, stride, activation: "relu" });
    }
    value = poolWindows(scope, value, "maximum", { size: 2 });
  }
  const last = scope.at("last");
  const outputs = sizeAt(value, 1) * 2;
  return meanOfChannels(scope, normedConvolution(last, value, outputs, { size: 3, activation: "relu" }));
};

/** Two residual blocks in each stage (He et al., 2016), the first convolution of 3 x 3 as for small pictures. */
const resNet: BackboneNetwork = (scope, picture, width) => {
  let value = normedConvolution(scope.at("stem"), picture, width, { size: 3, activation: "relu" });
  for (let stage = 0; stage <= stagesFor(picture); stage++) {
    for (let block = 0; block < 2; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const place = scope.at(`stage-${stage}`).at(block);
      value = residualBlock(place, value, { outputs: width * 2 ** stage, stride });
    }
  }
  return meanOfChannels(scope, value);
};

/** Two inverted residuals in each stage (Sandler et al., 2018: MobileNetV2), then a wide 1 x 1 convolution. */
const mobileNet: BackboneNetwork = (scope, picture, width) => {
  let value = normedConvolution(scope.at("stem"), picture, width, {
    size: 3,
    stride: 2,
    activation: "relu6",
  });
  for (let stage = 0; stage < stagesFor(picture); stage++) {
    for (let block = 0; block < 2; block++) {
      const stride = stage > 0 && block === 0 ? 2 : 1;
      const place = scope.at(`stage-${stage}`).at(block);
      value = invertedResidual(place, value, {
        outputs: width * 2 ** stage,
        stride,
        expansion: stage === 0 ? 1 : 4,
      });
    }
  }
  const outputs = sizeAt(value, 1) * 4;
  return meanOfChannels(
    scope,
    normedConvolution(scope.at("last"), value, outputs, { size: 1, activation: "relu6" }),
  );
};

export const BACKBONES: Readonly<Record<Backbone, BackboneNetwork>> = {
  "small-cnn": smallCnn,
  resnet: resNet,
  mobilenet: mobileNet,
};
