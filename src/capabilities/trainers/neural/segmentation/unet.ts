/**
 * A class for every pixel: down to coarse views of the picture and up again beside them (Ronneberger et al., 2015: U-Net). The
 * way down is made of residual blocks, and views are added instead of joined (Chaurasia and Culurciello, 2017: LinkNet), with
 * which classes that only coarse views tell apart are learnt in a few hundred steps.
 */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { convolution, type PixelStatistics, pictureChannels } from "../layers/convolution.js";
import { normedConvolution } from "../layers/residual.js";
import type { Scope } from "../scope.js";
import {
  enlargedTo,
  mergedStages,
  type PyramidShape,
  pictureStages,
  pyramidFor,
  pyramidWork,
} from "../vision/feature-pyramid.js";
import type { ImageSize } from "../vision/image-inputs.js";
import type { StageArchitecture } from "../vision/pretrained/read-backbone.js";
import { pretrainedViews } from "../vision/pretrained/scene-backbone.js";
import { convolutionWork, type PictureWork, sumOfWork } from "../vision/scene-estimate.js";

/** What the layers are; a plain value. */
export interface SegmenterShape {
  readonly image: ImageSize & { readonly statistics: PixelStatistics };
  readonly pyramid: PyramidShape;
  /** In place of a way down of our own; absent: none. */
  readonly pretrained?: StageArchitecture;
  readonly classes: number;
}

/** Every second pixel is looked at; what is finer is seen once, at the end. */
const STRIDE = 2;

/** Stages that suit pictures of a size. */
export function segmenterPyramid(image: Pick<ImageSize, "height" | "width">, width: number): PyramidShape {
  return pyramidFor(image, "resnet", width, STRIDE);
}

/** Channels in which all views meet. */
const meetingWidth = ({ width }: PyramidShape): number => 2 * width;

/**
 * Before the link: [N, classes, H, W].
 * @param pictures uint8 [N, H, W, C]
 */
export function pixelScores(scope: Scope, shape: SegmenterShape, pictures: GraphValue): GraphValue {
  const { pyramid, pretrained, classes, image } = shape;
  const picture = pictureChannels(scope, pictures, image.statistics);
  const views = pretrained
    ? pretrainedViews(scope, pretrained, pictures)
    : pictureStages(scope.at("down"), picture, pyramid);
  const met = mergedStages(scope.at("up"), views, meetingWidth(pyramid));
  // At all pixels again, beside the picture itself, whose edges are sharp.
  const joined = scope.x.concat([enlargedTo(scope, met, picture), picture], 1);
  const full = normedConvolution(scope.at("refined"), joined, pyramid.width, { size: 3, activation: "relu" });
  return convolution(scope.at("output"), full, classes, { kernel: [1, 1] });
}

/** What one picture asks for. */
export function unetWork(pyramid: PyramidShape, image: ImageSize): PictureWork {
  const met = meetingWidth(pyramid);
  const last = convolutionWork(3, [met + image.channels, pyramid.width], image.height * image.width);
  return sumOfWork([pyramidWork(pyramid, image, met), last]);
}
