import { defineStructuredTrainer } from "../../../../foundation/contracts/structured-trainer.js";
import { pyramidFor, pyramidWork } from "../vision/feature-pyramid.js";
import {
  convolutionWork,
  estimatedWidth,
  estimateSceneTraining,
  sumOfWork,
} from "../vision/scene-estimate.js";
import { picturesOf } from "../vision/scene-training.js";
import { detectorConfig } from "./config.js";
import { neckWidth } from "./detector-network.js";
import { fitDetector } from "./fit-detector.js";
import { type DetectorState, fittedDetector } from "./fitted-detector.js";

const ID = "detector";

/** Finds objects in pictures, trained from scratch on few of them. */
export const detector = defineStructuredTrainer<"detection", typeof detectorConfig, DetectorState>({
  id: ID,
  version: 1,
  summary: "Small detector without anchors: middles of objects and how far their sides are.",
  task: "detection",
  config: detectorConfig,
  estimate({ rows, features }, config) {
    const pictures = picturesOf(features, ID);
    const pyramid = pyramidFor(pictures, config.backbone, estimatedWidth(config));
    const neck = neckWidth(pyramid);
    const places = (pictures.height * pictures.width) / pyramid.stride ** 2;
    const heads = [1, 2].map(() => convolutionWork(3, [neck, neck], places));
    const work = sumOfWork([pyramidWork(pyramid, pictures, neck), ...heads]);
    return estimateSceneTraining({ rows, pictures }, work, config);
  },
  fit: async (data, config, context) => fittedDetector(ID, await fitDetector(ID, data, config, context)),
  restore: (state) => fittedDetector(ID, state),
});
