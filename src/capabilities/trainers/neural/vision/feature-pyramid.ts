/** Views of a picture from fine to coarse, and what joins them again: for networks that answer place by place. */
import type { GraphValue } from "../../../../foundation/contracts/graph.js";
import { activate } from "../layers/activations.js";
import { invertedResidual, normedConvolution, residualBlock } from "../layers/residual.js";
import { sizeAt } from "../layers/sizes.js";
import type { Scope } from "../scope.js";
import { convolutionWork, type PictureWork, sumOfWork } from "./scene-estimate.js";

export const STAGE_BLOCKS = ["resnet", "mobilenet"] as const;

export interface PyramidShape {
  /** Residual blocks (He et al., 2016), or inverted residuals (Sandler et al., 2018). */
  readonly blocks: (typeof STAGE_BLOCKS)[number];
  /** Channels of the first stage; each has twice those of the one before, up to eight times. */
  readonly width: number;
  /** Pixels between two places of the first stage: 2 or 4. */
  readonly stride: number;
  readonly stages: number;
}

/** Pictures up to this side are looked at in finer places. */
const SMALL_SIDE = 64;
/** The last stage has about so many places on a side. */
const LAST_SIDE = 8;
const MOST_STAGES = 5;

/** Stages that suit pictures of a size. @param stride default 4, for small pictures 2 */
export function pyramidFor(
  { height, width: across }: { readonly height: number; readonly width: number },
  blocks: PyramidShape["blocks"],
  width: number,
  stride = Math.max(height, across) <= SMALL_SIDE ? 2 : 4,
): PyramidShape {
  const side = Math.min(height, across);
  const halvings = Math.ceil(Math.log2(side / stride / LAST_SIDE));
  return { blocks, width, stride, stages: Math.min(MOST_STAGES, Math.max(1, 1 + halvings)) };
}

const BLOCKS_PER_STAGE = 2;
const MOST_GROWTH = 8;

/** Stages of a picture: [N, C, H, W] to one [N, width * 2^k, H / (stride * 2^k), ...] each, sizes rounded up. */
export function pictureStages(scope: Scope, picture: GraphValue, shape: PyramidShape): GraphValue[] {
  const { blocks, width, stride } = shape;
  let value = normedConvolution(scope.at("stem"), picture, width, {
    size: 3,
    stride: stride / 2,
    activation: "relu",
  });
  return stageWidths(shape).map((outputs, stage) => {
    for (let block = 0; block < BLOCKS_PER_STAGE; block++) {
      const options = { outputs, stride: block === 0 ? 2 : 1 };
      const place = scope.at(`stage-${stage}`).at(block);
      value =
        blocks === "resnet"
          ? residualBlock(place, value, options)
          : invertedResidual(place, value, { ...options, expansion: 4 });
    }
    return value;
  });
}

const stageWidths = ({ width, stages }: PyramidShape): number[] =>
  Array.from({ length: stages }, (_, stage) => width * Math.min(MOST_GROWTH, 2 ** stage));

/** What stages, and a neck of so many channels, ask for. */
export function pyramidWork(
  shape: PyramidShape,
  { height, width }: { readonly height: number; readonly width: number },
  channels: number,
): PictureWork {
  const placesAt = (stride: number) => Math.ceil(height / stride) * Math.ceil(width / stride);
  // Inverted residuals widen four times, by 1 x 1 convolutions instead of two of 3 x 3.
  const [size, layers] = shape.blocks === "resnet" ? [3, 2] : [2, 2];
  const widths = stageWidths(shape);
  const stages = widths.flatMap((outputs, stage) => {
    const places = placesAt(shape.stride * 2 ** stage);
    const inputs = widths[stage - 1] ?? outputs;
    const inner = convolutionWork(size, [outputs, outputs], places);
    const first = convolutionWork(size, [inputs, outputs], places);
    return [first, ...new Array<PictureWork>(BLOCKS_PER_STAGE * layers - 1).fill(inner)];
  });
  const lateral = widths.map((inputs, stage) => {
    return convolutionWork(1, [inputs, channels], placesAt(shape.stride * 2 ** stage));
  });
  const stem = convolutionWork(3, [3, shape.width], placesAt(shape.stride / 2));
  const merged = convolutionWork(3, [channels, channels], placesAt(shape.stride));
  return sumOfWork([stem, ...stages, ...lateral, merged]);
}

/** Nearest neighbours at the height and width of another value of the same picture. */
export function enlargedTo({ x }: Scope, value: GraphValue, like: GraphValue): GraphValue {
  const sizes = [sizeAt(like, 2), sizeAt(like, 3)];
  return x.graph.op("Resize", [value, undefined, undefined, x.integers(sizes)], {
    attributes: {
      axes: { ints: [2, 3] },
      mode: { string: "nearest" },
      nearest_mode: { string: "floor" },
      coordinate_transformation_mode: { string: "asymmetric" },
    },
  });
}

/**
 * What all stages say, at the places of the first (Lin et al., 2017: feature pyramid): [N, channels, H, W]. Parts:
 * `lateral-k`, `merged`.
 */
export function mergedStages(scope: Scope, stages: readonly GraphValue[], channels: number): GraphValue {
  const lateral = stages.map((stage, k) =>
    normedConvolution(scope.at(`lateral-${k}`), stage, channels, { size: 1 }),
  );
  const sum = lateral.reduceRight((coarse, fine) =>
    scope.x.add(fine, enlargedTo(scope, activate(scope.x, coarse, "relu"), fine)),
  );
  return normedConvolution(scope.at("merged"), activate(scope.x, sum, "relu"), channels, {
    size: 3,
    activation: "relu",
  });
}
