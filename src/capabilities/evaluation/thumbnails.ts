/** Images of rows, small enough for a report. */
import { fitPicture } from "../../foundation/base/pictures/fit-picture.js";
import { imageUri } from "../../foundation/base/pictures/image-text.js";
import { encodePng } from "../../foundation/base/pictures/png.js";
import type { WorstRow } from "../../foundation/contracts/evaluation.js";
import type { Frame, ImageColumn } from "../../foundation/contracts/frame.js";

const LARGEST_SIDE = 96;

/** The images of one row; nothing where it has none, to be spread into what may show them. */
export function rowImages(features: Frame | undefined, row: number): Pick<WorstRow, "images"> {
  const images = [...(features?.columns ?? [])].flatMap(([column, content]) =>
    content.kind === "image" ? [{ column, png: thumbnail(content, row) }] : [],
  );
  return images.length > 0 ? { images } : {};
}

function thumbnail({ values, height, width, channels }: ImageColumn, row: number): string {
  const size = height * width * channels;
  const scale = Math.min(1, LARGEST_SIDE / Math.max(height, width));
  const small = {
    height: Math.max(1, Math.round(height * scale)),
    width: Math.max(1, Math.round(width * scale)),
    channels,
  };
  const whole = { height, width, channels, data: values.subarray(row * size, (row + 1) * size) };
  return imageUri(encodePng({ ...small, data: fitPicture(whole, small) }), "png");
}
