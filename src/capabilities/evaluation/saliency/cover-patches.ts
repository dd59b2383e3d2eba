/** An image with each of its parts covered in turn. */
import type { ImageColumn } from "../../../foundation/contracts/frame.js";

/** Parts down and across. */
export const PATCH_SIDE = 7;

/** One image for each part, row by row, that part in the mean colour of the image. */
export function coverPatches(column: ImageColumn, row: number): ImageColumn {
  const { height, width, channels } = column;
  const size = height * width * channels;
  const whole = column.values.subarray(row * size, (row + 1) * size);
  const values = new Uint8Array(PATCH_SIDE ** 2 * size);
  const mean = meanColour(whole, channels);
  for (let patch = 0; patch < PATCH_SIDE ** 2; patch++) {
    const image = values.subarray(patch * size, (patch + 1) * size);
    image.set(whole);
    const down = Math.floor(patch / PATCH_SIDE);
    const across = patch % PATCH_SIDE;
    for (let y = edge(down, height); y < edge(down + 1, height); y++) {
      for (let x = edge(across, width); x < edge(across + 1, width); x++) {
        image.set(mean, (y * width + x) * channels);
      }
    }
  }
  return { ...column, values };
}

const edge = (part: number, size: number): number => Math.round((part * size) / PATCH_SIDE);

function meanColour(pixels: Uint8Array, channels: number): Uint8Array {
  const sums = new Float64Array(channels);
  for (const [at, value] of pixels.entries()) sums[at % channels]! += value;
  return Uint8Array.from(sums, (sum) => Math.round((sum * channels) / pixels.length));
}
