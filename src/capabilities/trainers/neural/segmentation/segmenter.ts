import { defineStructuredTrainer } from "../../../../foundation/contracts/structured-trainer.js";
import { estimatedWidth, estimateSceneTraining } from "../vision/scene-estimate.js";
import { picturesOf } from "../vision/scene-training.js";
import { segmenterConfig } from "./config.js";
import { fitSegmenter } from "./fit-segmenter.js";
import { fittedSegmenter, type SegmenterState } from "./fitted-segmenter.js";
import { segmenterPyramid, unetWork } from "./unet.js";

const ID = "segmenter";

/** Names the class of every pixel, trained from scratch on few pictures. */
export const segmenter = defineStructuredTrainer<"segmentation", typeof segmenterConfig, SegmenterState>({
  id: ID,
  version: 1,
  summary: "Small U-Net: a class for every pixel, by cross-entropy and Dice loss.",
  task: "segmentation",
  config: segmenterConfig,
  estimate({ rows, features }, config) {
    const pictures = picturesOf(features, ID);
    const work = unetWork(segmenterPyramid(pictures, estimatedWidth(config)), pictures);
    return estimateSceneTraining({ rows, pictures }, work, config);
  },
  fit: async (data, config, context) => fittedSegmenter(ID, await fitSegmenter(ID, data, config, context)),
  restore: (state) => fittedSegmenter(ID, state),
});
