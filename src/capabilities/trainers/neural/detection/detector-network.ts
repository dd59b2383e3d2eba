/**
 * A detector without anchors: for every place of a picture how surely the middle of an object of each class is there,
 * and how far its sides are (Zhou et al., 2019: CenterNet; Liu et al., 2020: TTFNet).
 */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { constantly, normal } from "../initializers.js";
import { convolution, type PixelStatistics, pictureChannels } from "../layers/convolution.js";
import { normedConvolution } from "../layers/residual.js";
import { sizeAt } from "../layers/sizes.js";
import type { Scope } from "../scope.js";
import { mergedStages, type PyramidShape, pictureStages } from "../vision/feature-pyramid.js";
import type { ImageSize } from "../vision/image-inputs.js";
import type { StageArchitecture } from "../vision/pretrained/read-backbone.js";
import { pretrainedViews } from "../vision/pretrained/scene-backbone.js";

/** What the layers are; a plain value. */
export interface DetectorShape {
  readonly image: ImageSize & { readonly statistics: PixelStatistics };
  readonly pyramid: PyramidShape;
  /** In place of stages of our own; absent: none. */
  readonly pretrained?: StageArchitecture;
  readonly classes: number;
  /** Usual distance of a side from the middle, in places. */
  readonly reach: number;
  /** Boxes answered for a picture. */
  readonly boxes: number;
  /** Of two boxes of a class that overlap by more, the surer one is kept. */
  readonly overlap: number;
}

/** Rows and columns of places. */
export function gridOf({
  image,
  pyramid,
  pretrained,
}: Pick<DetectorShape, "image" | "pyramid" | "pretrained">): {
  readonly rows: number;
  readonly columns: number;
} {
  const [finest] = pretrained?.stages ?? [];
  if (finest) return { rows: finest.height, columns: finest.width };
  const placesOf = (side: number) => Math.ceil(side / pyramid.stride);
  return { rows: placesOf(image.height), columns: placesOf(image.width) };
}

/** Channels in which all stages meet. */
export const neckWidth = ({ width }: PyramidShape): number => 2 * width;

export interface DetectorMaps {
  /** Before the logistic link: [N, classes, rows, columns]. */
  readonly heat: GraphValue;
  /** From the middle of a place to left, top, right and bottom, in places: [N, 4, rows, columns], above 0. */
  readonly reaches: GraphValue;
}

/** At the beginning every place is an object with this probability (Lin et al., 2017: focal loss). */
const PRIOR = 0.1;
/** Sides up to 55 times as far as usual. */
const MOST_LOGARITHM = 4;

/** @param pictures uint8 [N, H, W, C] */
export function detectorMaps(scope: Scope, shape: DetectorShape, pictures: GraphValue): DetectorMaps {
  const { x } = scope;
  const { image, pyramid, pretrained, classes, reach } = shape;
  const stages = pretrained
    ? pretrainedViews(scope, pretrained, pictures)
    : pictureStages(scope.at("backbone"), pictureChannels(scope, pictures, image.statistics), pyramid);
  const merged = mergedStages(scope.at("neck"), stages, neckWidth(pyramid));
  const heat = head(scope.at("heat"), merged, classes, Math.log(PRIOR / (1 - PRIOR)));
  const logarithms = head(scope.at("reach"), merged, 4, 0);
  const within = x.max(x.min(logarithms, MOST_LOGARITHM), -MOST_LOGARITHM);
  return { heat, reaches: x.mul(x.apply("Exp", within), reach) };
}

/** Parts: `hidden`, `output`; parameter `bias`. */
function head(scope: Scope, value: GraphValue, outputs: number, bias: number): GraphValue {
  const channels = sizeAt(value, 1);
  const hidden = normedConvolution(scope.at("hidden"), value, channels, { size: 3, activation: "relu" });
  const sums = convolution(scope.at("output"), hidden, outputs, {
    kernel: [1, 1],
    hasBias: false,
    initial: normal(0.01),
  });
  return scope.x.add(sums, scope.parameter("bias", [outputs, 1, 1], constantly(bias), { decayFactor: 0 }));
}
