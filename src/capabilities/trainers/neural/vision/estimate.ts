import type { WorkEstimate, WorkSpecification } from "../../../../foundation/contracts/trainer.js";
import { stagesOf } from "./backbones.js";
import type { ImageNetworkConfig } from "./config.js";
import { imageTrainingLength } from "./fit-image.js";

/** Measured on one thread of a current processor, in seconds: of one multiplication of a convolution. */
const PRODUCT_SECONDS = 4e-11;
const START_SECONDS = 0.5;
/** Forward, and twice as much backward. */
const PASSES = 3;

/** Multiplications for one picture of so many pixels in all channels; sizes of columns are not known here. */
export function pictureProducts(
  { backbone, width }: Pick<ImageNetworkConfig, "backbone" | "width">,
  values: number,
): number {
  const side = Math.sqrt(values / (values % 3 === 0 ? 3 : 1));
  const stages = stagesOf(side, side);
  const pixels = side * side;
  // Each stage has a quarter of the pixels and four times the products for each of them.
  const stage = 9 * width * width * pixels;
  switch (backbone) {
    case "small-cnn":
      return (9 * 3 * width * pixels + stage * 1.5 * (stages - 1) + stage / 8) / (stages > 2 ? 4 : 1);
    case "resnet":
      return 4 * stage * (stages + 1) - stage * stages * 0.5;
    case "mobilenet":
      return 0.5 * width * width * pixels * stages;
  }
}

/** Backward, the values that every layer gave are kept. */
export function estimateImageTraining(
  { rows, features, validationRows = 0 }: WorkSpecification,
  config: ImageNetworkConfig,
): WorkEstimate {
  const { batch, steps } = imageTrainingLength(config, rows);
  const products = pictureProducts(config, features);
  const seen = PASSES * steps * batch + Math.min(20, Math.ceil((steps * batch) / rows)) * validationRows;
  const layerValues = 12 * config.width * features;
  return {
    seconds: START_SECONDS + seen * products * PRODUCT_SECONDS,
    bytes: rows * features + 4 * batch * layerValues,
  };
}
