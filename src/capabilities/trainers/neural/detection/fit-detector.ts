import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import type {
  StructuredRows,
  StructuredTrainingData,
} from "../../../../foundation/contracts/structured-trainer.js";
import type { TrainingContext } from "../../../../foundation/contracts/trainer.js";
import { diagnosticsOf } from "../network-kind.js";
import type { NetworkFunction } from "../scope.js";
import { pyramidFor } from "../vision/feature-pyramid.js";
import { pixelStatistics } from "../vision/image-inputs.js";
import type { StageArchitecture } from "../vision/pretrained/read-backbone.js";
import { openSceneBackbone } from "../vision/pretrained/scene-backbone.js";
import { PICTURES } from "../vision/scene-batches.js";
import { picturesOf, trainOnScenes } from "../vision/scene-training.js";
import type { DetectorConfig } from "./config.js";
import { detectionScenes } from "./detection-scenes.js";
import { detectorLoss } from "./detector-loss.js";
import { type DetectorShape, detectorMaps, gridOf } from "./detector-network.js";
import type { DetectorState } from "./fitted-detector.js";

/** Trains the network that the configuration describes. @throws QuernError TRAINING_FAILED naming `trainer` */
export async function fitDetector(
  trainer: string,
  { train, validation }: StructuredTrainingData<"detection">,
  config: DetectorConfig,
  context: TrainingContext,
): Promise<DetectorState> {
  const { architecture, training } = openSceneBackbone(config, picturesOf(train.features, trainer));
  const shape = planDetector(trainer, train, config, architecture);
  const loss: NetworkFunction<GraphValue> = (scope, values) =>
    detectorLoss(scope.x, detectorMaps(scope, shape, values[PICTURES]!), values);
  const scenes = {
    train: detectionScenes(trainer, train, shape),
    validation: validation && detectionScenes(trainer, validation, shape),
  };
  const trained = await trainOnScenes({ ...scenes, ...training, loss }, config, context);
  return { shape, tensors: trained.tensors, diagnostics: diagnosticsOf(trained) };
}

function planDetector(
  trainer: string,
  { features, target }: StructuredRows<"detection">,
  { backbone, width, boxes, overlap }: DetectorConfig,
  architecture: StageArchitecture | null,
): DetectorShape {
  const pictures = picturesOf(features, trainer);
  const { height, channels } = pictures;
  const image = { height, width: pictures.width, channels, statistics: pixelStatistics(pictures) };
  const pyramid = pyramidFor(image, backbone, width);
  const views = { image, pyramid, ...(architecture ? { pretrained: architecture } : {}) };
  const grid = gridOf(views);
  return {
    ...{ ...views, classes: target.labels.length, boxes, overlap },
    reach: usualReach(target.rows, grid),
  };
}

/** Geometric mean of half the sides, in places; half a place where there are no boxes. */
function usualReach(
  rows: StructuredRows<"detection">["target"]["rows"],
  grid: { readonly rows: number; readonly columns: number },
): number {
  const sides = rows.flat().flatMap(({ width, height }) => [width * grid.columns, height * grid.rows]);
  const logarithms = sides.filter((side) => side > 0).map((side) => Math.log(side / 2));
  if (logarithms.length === 0) return 0.5;
  return Math.exp(logarithms.reduce((sum, value) => sum + value, 0) / logarithms.length);
}
