import type { PictureSize } from "../../foundation/base/pictures/picture.js";

/** Images that all have one size keep it up to this. */
const LARGEST_KEPT_SIDE = 128;
/** Others are read to this: what a small network learns from within minutes. */
const USUAL_SIDE = 64;
/** Sides are multiples of this where they follow the images' own. */
const SIDE_STEP = 8;

export interface ImageFormatChoice {
  /** Read to squares of this. */
  readonly size?: number;
  /** Read to this longer side, in the usual ratio of their sides: what is where matters more than what there is. */
  readonly longerSide?: number;
}

/**
 * The size to which the images of a column are read: their own where they share a small one, otherwise what was chosen,
 * otherwise 64 x 64. Grey where every sampled image is grey.
 */
export function chooseImageFormat(
  headers: readonly PictureSize[],
  { size, longerSide }: ImageFormatChoice = {},
): PictureSize {
  const channels = headers.length > 0 && headers.every((header) => header.channels === 1) ? 1 : 3;
  if (size !== undefined) return { width: size, height: size, channels };
  const first = headers[0];
  const isShared = headers.every(({ width, height }) => width === first!.width && height === first!.height);
  if (
    first &&
    isShared &&
    Math.max(first.width, first.height) <= Math.max(LARGEST_KEPT_SIDE, longerSide ?? 0)
  ) {
    return { width: first.width, height: first.height, channels };
  }
  if (longerSide === undefined) return { width: USUAL_SIDE, height: USUAL_SIDE, channels };
  const ratios = headers.map(({ width, height }) => width / height).sort((a, b) => a - b);
  const ratio = ratios[ratios.length >> 1] ?? 1;
  const shorter = Math.max(
    SIDE_STEP,
    Math.round((longerSide * Math.min(ratio, 1 / ratio)) / SIDE_STEP) * SIDE_STEP,
  );
  return ratio >= 1
    ? { width: longerSide, height: shorter, channels }
    : { width: shorter, height: longerSide, channels };
}
