/** The pictures that a task of pictures is about. */

import { resizePicture } from "../../foundation/base/pictures/fit-picture.js";
import { encodePng } from "../../foundation/base/pictures/png.js";
import type { Frame, ImageColumn } from "../../foundation/contracts/frame.js";

/** The one column of pictures. @throws Error where there is none: a bug of the caller */
export function pictureColumn(inputs: Frame): ImageColumn {
  const column = [...inputs.columns.values()].find(({ kind }) => kind === "image");
  if (column?.kind === "image") return column;
  throw new Error("There is no column of pictures.");
}

/** Longest side of a picture in a report. */
const SHOWN_SIDE = 192;

/** As a data URI for a report. */
export function pictureOf({ values, height, width, channels }: ImageColumn, row: number): string {
  const length = height * width * channels;
  const data = values.subarray(row * length, (row + 1) * length);
  const scale = Math.min(1, SHOWN_SIDE / Math.max(height, width));
  const size = { width: Math.round(width * scale), height: Math.round(height * scale), channels };
  const shown = resizePicture({ width, height, channels, data }, size.width, size.height);
  return `data:image/png;base64,${Buffer.from(encodePng({ ...size, data: shown })).toString("base64")}`;
}
