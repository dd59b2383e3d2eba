/** A class for every pixel: down to coarse views of the picture and up again beside them (Ronneberger et al., 2015: U-Net). */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { convolution, type PixelStatistics, pictureChannels } from "../layers/convolution.js";
import { poolWindows } from "../layers/pooling.js";
import { normedConvolution } from "../layers/residual.js";
import type { Scope } from "../scope.js";
import { enlargedTo } from "../vision/feature-pyramid.js";
import type { ImageSize } from "../vision/image-inputs.js";
import { convolutionWork, type PictureWork, sumOfWork } from "../vision/scene-estimate.js";

/** What the layers are; a plain value. */
export interface SegmenterShape {
  readonly image: ImageSize & { readonly statistics: PixelStatistics };
  /** Channels of the first stage. */
  readonly width: number;
  /** Pixels between two places of the first stage: 1 or 2. */
  readonly stride: number;
  readonly stages: number;
  readonly classes: number;
}

/** Larger pictures are looked at from every second pixel on; what is finer is seen once, at the end. */
const SMALL_SIDE = 64;
const LAST_SIDE = 8;
const MOST_STAGES = 5;
const MOST_GROWTH = 8;

/** Stages that suit pictures of a size. */
export function stagesFor({
  height,
  width,
}: Pick<ImageSize, "height" | "width">): Pick<SegmenterShape, "stride" | "stages"> {
  const stride = Math.max(height, width) <= SMALL_SIDE ? 1 : 2;
  const halvings = Math.ceil(Math.log2(Math.min(height, width) / stride / LAST_SIDE));
  return { stride, stages: Math.min(MOST_STAGES, Math.max(2, 1 + halvings)) };
}

const widthAt = ({ width }: Pick<SegmenterShape, "width">, stage: number): number =>
  width * Math.min(MOST_GROWTH, 2 ** stage);

/** Two 3 x 3 convolutions. Parts: `first`, `second`. */
function twice(scope: Scope, value: GraphValue, outputs: number, stride = 1): GraphValue {
  const options = { size: 3, activation: "relu" } as const;
  const first = normedConvolution(scope.at("first"), value, outputs, { ...options, stride });
  return normedConvolution(scope.at("second"), first, outputs, options);
}

/**
 * Before the link: [N, classes, H, W].
 * @param pictures uint8 [N, H, W, C]
 */
export function pixelScores(scope: Scope, shape: SegmenterShape, pictures: GraphValue): GraphValue {
  const { x } = scope;
  const picture = pictureChannels(scope, pictures, shape.image.statistics);
  const views: GraphValue[] = [];
  for (let stage = 0; stage < shape.stages; stage++) {
    const above = views.at(-1);
    const value = above ? poolWindows(scope, above, "maximum", { size: 2 }) : picture;
    const stride = above ? 1 : shape.stride;
    views.push(twice(scope.at(`down-${stage}`), value, widthAt(shape, stage), stride));
  }
  const seen = views.reduceRight((coarse, fine, stage) => {
    const joined = x.concat([enlargedTo(scope, coarse, fine), fine], 1);
    return twice(scope.at(`up-${stage}`), joined, widthAt(shape, stage));
  });
  const full = shape.stride === 1 ? seen : refined(scope.at("refined"), seen, picture, shape);
  return convolution(scope.at("output"), full, shape.classes, { kernel: [1, 1] });
}

/** At all pixels again, beside the picture itself, whose edges are sharp. */
function refined(
  scope: Scope,
  value: GraphValue,
  picture: GraphValue,
  { width }: SegmenterShape,
): GraphValue {
  const joined = scope.x.concat([enlargedTo(scope, value, picture), picture], 1);
  return normedConvolution(scope, joined, Math.ceil(width / 2), { size: 3, activation: "relu" });
}

/** What one picture asks for. */
export function unetWork(
  shape: Pick<SegmenterShape, "width" | "stride" | "stages">,
  { height, width, channels }: ImageSize,
): PictureWork {
  const placesAt = (stage: number) => (height * width) / (shape.stride * 2 ** stage) ** 2;
  const stages = Array.from({ length: shape.stages }, (_, stage) => {
    const [own, coarser] = [widthAt(shape, stage), widthAt(shape, stage + 1)];
    const before = stage === 0 ? channels : widthAt(shape, stage - 1);
    const down = [before, own].map((inputs) => convolutionWork(3, [inputs, own], placesAt(stage)));
    const up = [own + coarser, own].map((inputs) => convolutionWork(3, [inputs, own], placesAt(stage)));
    return sumOfWork(stage < shape.stages - 1 ? [...down, ...up] : down);
  });
  const last = convolutionWork(3, [shape.width + channels, Math.ceil(shape.width / 2)], height * width);
  return sumOfWork(shape.stride === 1 ? stages : [...stages, last]);
}
