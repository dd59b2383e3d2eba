import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type {
  StructuredRows,
  StructuredTrainingData,
} from "../../../../foundation/contracts/structured-trainer.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { diagnosticsOf } from "../network-kind.js";
import type { NetworkFunction } from "../scope.js";
import { placeClasses } from "../vision/augment-scene.js";
import { pixelStatistics } from "../vision/image-inputs.js";
import { openSceneBackbone } from "../vision/pretrained/scene-backbone.js";
import { PICTURES, type Scenes } from "../vision/scene-batches.js";
import { picturesOf, trainOnScenes } from "../vision/scene-training.js";
import type { SegmenterConfig } from "./config.js";
import type { SegmenterState } from "./fitted-segmenter.js";
import { IGNORED, segmentationLoss } from "./segmentation-loss.js";
import { pixelScores, type SegmenterShape, segmenterPyramid } from "./unet.js";

const TRUTH = "truth";

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitSegmenter(
  trainer: string,
  { train, validation }: StructuredTrainingData<"segmentation">,
  config: SegmenterConfig,
  context: TrainingContext,
): Promise<SegmenterState> {
  const pictures = picturesOf(train.features, trainer);
  const { height, width, channels } = pictures;
  const { architecture, training } = openSceneBackbone(config, pictures);
  const shape: SegmenterShape = {
    image: { height, width, channels, statistics: pixelStatistics(pictures) },
    pyramid: segmenterPyramid(pictures, config.width),
    ...(architecture ? { pretrained: architecture } : {}),
    classes: train.target.labels.length,
  };
  const loss: NetworkFunction<GraphValue> = (scope, values) =>
    segmentationLoss(scope.x, pixelScores(scope, shape, values[PICTURES]!), values[TRUTH]!, config.dice);
  const scenes = {
    train: segmentationScenes(trainer, train),
    validation: validation && segmentationScenes(trainer, validation),
  };
  const trained = await trainOnScenes({ ...scenes, ...training, loss }, config, context);
  return { shape, tensors: trained.tensors, diagnostics: diagnosticsOf(trained) };
}

function segmentationScenes(trainer: string, { features, target }: StructuredRows<"segmentation">): Scenes {
  const pictures = picturesOf(features, trainer);
  const { height, width } = pictures;
  if (target.height !== height || target.width !== width) {
    throw new Error(`Masks are ${target.height} x ${target.width}, pictures ${height} x ${width}.`);
  }
  return {
    pictures,
    rows: features.rows,
    truth: { [TRUTH]: { type: "uint8", shape: [height, width] } },
    writeTruth(row, placement, { [TRUTH]: part }) {
      placeClasses(target.rows[row]!, pictures, placement, IGNORED, part as Uint8Array);
    },
  };
}
