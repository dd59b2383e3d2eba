/**
 * How one cell becomes a picture of a column: the single definition used at training, by the server and in the browser.
 * A cell is the bytes of an image file, such bytes as base64 or a data URI, or a decoded `Picture` (also as JSON) of any
 * size; null and "" are missing, and 0 throughout in a column.
 */
import { QuernError } from "../base/errors.js";
import { fitPicture } from "../base/pictures/fit-picture.js";
import { imageBytes } from "../base/pictures/image-text.js";
import { decodeNetpbm, isNetpbm } from "../base/pictures/netpbm.js";
import {
  hasPicture,
  type Picture,
  type PictureSize,
  parsePicture,
  pictureCell,
  UnreadablePicture,
} from "../base/pictures/picture.js";
import type { BundleInput } from "./bundle.js";
import { cellWidth, columnLength, type ImageColumn } from "./frame.js";
import type { Row } from "./prediction.js";

/** From the bytes of an image file to all of its pixels. @throws Error saying in one clause what is wrong */
export type DecodeImage = (bytes: Uint8Array) => Promise<Picture>;

/** Needs no codec: Netpbm alone. */
export const decodePlainImage: DecodeImage = async (bytes) => {
  if (isNetpbm(bytes)) return decodeNetpbm(bytes);
  throw new Error("compressed images are not decoded here; give pixels: { height, width, channels, data }");
};

/**
 * The picture in the given size; undefined for a missing cell.
 * @throws QuernError where nothing here can decode images at all; a bad image is a value
 */
export async function readImageCell(
  cell: unknown,
  size: PictureSize,
  decode: DecodeImage,
): Promise<Picture | UnreadablePicture | undefined> {
  if (cell === null || cell === undefined || cell === "") return undefined;
  try {
    const { height, width, channels } = size;
    return { height, width, channels, data: pictureCell(fitPicture(await pictureOf(cell, decode), size)) };
  } catch (cause) {
    if (QuernError.is(cause)) throw cause;
    return new UnreadablePicture(cause instanceof Error ? cause.message : String(cause));
  }
}

async function pictureOf(cell: unknown, decode: DecodeImage): Promise<Picture> {
  if (typeof cell === "object" && !(cell instanceof Uint8Array))
    return decodedPicture(cell as Partial<Picture>);
  const bytes = typeof cell === "string" ? imageBytes(cell) : cell;
  if (!(bytes instanceof Uint8Array)) throw new Error("it is neither a data URI nor base64 of an image file");
  return isNetpbm(bytes) ? decodeNetpbm(bytes) : decode(bytes);
}

const LARGEST_SIDE = 2 ** 16;

function decodedPicture(cell: Partial<Picture>): Picture {
  const { height = 0, width = 0, channels = 0 } = cell;
  const isSide = (side: number) => Number.isInteger(side) && side > 0 && side <= LARGEST_SIDE;
  if (!isSide(width) || !isSide(height) || (channels !== 1 && channels !== 3)) {
    throw new Error("pixels need height, width and 1 or 3 channels");
  }
  const data = parsePicture(cell, { height, width, channels });
  if (data) return { height, width, channels, data };
  throw new Error(
    `its data are not the ${height * width * channels} bytes of ${width} x ${height} x ${channels} pixels`,
  );
}

/** 1 for each row of the column that has a picture, 0 for each that has none. */
export function picturePresence(column: ImageColumn): Uint8Array {
  const size = cellWidth(column);
  return Uint8Array.from({ length: columnLength(column) }, (_, row) =>
    Number(hasPicture(column.values.subarray(row * size, (row + 1) * size))),
  );
}

/** The size to which an image column is read. @throws Error for a column without one: a bug of the caller */
export function pictureSizeOf({
  name,
  format = {},
}: Pick<BundleInput["column"], "name" | "format">): PictureSize {
  const { height, width, channels } = format;
  if (!width || !height || !channels) throw new Error(`The image column ${name} has no size.`);
  return { height, width, channels };
}

export function hasImages({ inputs }: { readonly inputs: readonly BundleInput[] }): boolean {
  return inputs.some(({ column }) => column.kind === "image");
}

/** The rows with every image cell read; rows of models without images as they are. */
export async function readImageCells(
  inputs: readonly BundleInput[],
  rows: readonly Row[],
  decode: DecodeImage,
): Promise<readonly Row[]> {
  const columns = inputs.filter(({ column }) => column.kind === "image").map(({ column }) => column);
  if (columns.length === 0) return rows;
  return Promise.all(
    rows.map(async (row) => {
      if (typeof row !== "object" || row === null || Array.isArray(row)) return row;
      const read: Record<string, unknown> = Object.assign(Object.create(null), row);
      for (const column of columns) {
        if (!Object.hasOwn(row, column.name)) continue;
        read[column.name] = (await readImageCell(row[column.name], pictureSizeOf(column), decode)) ?? null;
      }
      return read;
    }),
  );
}
