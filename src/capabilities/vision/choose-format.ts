import type { PictureSize } from "../../foundation/base/pictures/picture.js";

/** Images that all have one size keep it up to this. */
const LARGEST_KEPT_SIDE = 128;
/** Others are read to this: what a small network learns from within minutes. */
const USUAL_SIDE = 64;

/**
 * The size to which the images of a column are read: their own where they share a small one, otherwise 64 x 64, or
 * `size` x `size`. Grey where every sampled image is grey.
 */
export function chooseImageFormat(headers: readonly PictureSize[], size?: number): PictureSize {
  const channels = headers.length > 0 && headers.every((header) => header.channels === 1) ? 1 : 3;
  if (size !== undefined) return { width: size, height: size, channels };
  const first = headers[0];
  const isShared = headers.every(({ width, height }) => width === first!.width && height === first!.height);
  if (first && isShared && Math.max(first.width, first.height) <= LARGEST_KEPT_SIDE) {
    return { width: first.width, height: first.height, channels };
  }
  return { width: USUAL_SIDE, height: USUAL_SIDE, channels };
}
