/** Reading columns of images: the part of reading a table that needs a decoder and the files beside the table. */
import { readImageFile } from "../../capabilities/data/sources/index.js";
import {
  chooseImageFormat,
  createImageDecoder,
  DEFAULT_IMAGE_LIMITS,
  type ImageFormatChoice,
  readImageHeader,
} from "../../capabilities/vision/index.js";
import { quoteIdentifier, type ReadFrameOptions, readFrame, type Table } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { imageBytes, isImageUri } from "../../foundation/base/pictures/image-text.js";
import { type PictureSize, UnreadablePicture } from "../../foundation/base/pictures/picture.js";
import { isMissingText } from "../../foundation/base/values.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import {
  createFrame,
  type Frame,
  type ImageColumn,
  type TextColumn,
} from "../../foundation/contracts/frame.js";
import { pictureSizeOf, readImageCell } from "../../foundation/contracts/image-cells.js";
import { keyOfFile, type PixelCache } from "./pixel-cache.js";

/** A table, and the folder of the images that its cells name. */
export interface TableWithImages {
  readonly table: Table;
  readonly imageFolder?: string | undefined;
  /** Pictures that were decoded before; absent: each is decoded. */
  readonly pixels?: PixelCache | undefined;
}

/** Images whose headers decide to which size a column is read. */
const SIZE_SAMPLE = 100;
/** Decoded at a time. */
const DECODED_TOGETHER = 8;
/** Pixels of one column lie in memory together. */
const MAXIMUM_COLUMN_BYTES = 2 * 2 ** 30;

/** Image columns with the size to which they are read; the others as they are. */
export async function withImageSizes(
  schema: readonly ColumnSchema[],
  data: TableWithImages,
  choice: ImageFormatChoice = {},
): Promise<readonly ColumnSchema[]> {
  const sized: ColumnSchema[] = [];
  for (const column of schema) {
    if (column.kind !== "image") {
      sized.push(column);
      continue;
    }
    const { height, width, channels } = chooseImageFormat(await sampleHeaders(column.name, data), choice);
    sized.push({ ...column, format: { height, width, channels: channels === 1 ? 1 : 3 } });
  }
  return sized;
}

async function sampleHeaders(name: string, { table, imageFolder }: TableWithImages): Promise<PictureSize[]> {
  const source = quoteIdentifier(name);
  const stride = Math.max(1, Math.floor(table.rows / SIZE_SAMPLE));
  const rows = await table.query(
    `SELECT ${source} AS value FROM data WHERE ${source} IS NOT NULL AND ${quoteIdentifier(table.rowColumn)} % ${stride} = 0 LIMIT ${SIZE_SAMPLE}`,
  );
  const headers: PictureSize[] = [];
  for (const { value } of rows) {
    try {
      headers.push(await readImageHeader(bytesOf(String(value), imageFolder)));
    } catch {
      // Told when the column is read.
    }
  }
  return headers;
}

/** What a cell of a table names or holds. @throws Error, QuernError saying why there is no such image */
function bytesOf(cell: string, folder: string | undefined): Uint8Array {
  const held = isImageUri(cell) ? imageBytes(cell) : undefined;
  if (held) return held;
  if (folder === undefined) throw new Error("it is no data URI, and the table lies in no folder with images");
  return readImageFile(folder, cell, DEFAULT_IMAGE_LIMITS.bytes);
}

/** A row without a picture of a column. */
export interface PictureFailure {
  /** Of the rows that were read, from 0. */
  readonly row: number;
  readonly column: string;
  /** As the cell names it; "" where it names none. */
  readonly file: string;
  /** One clause. */
  readonly reason: string;
}

export interface ReadColumns {
  readonly frame: Frame;
  /** By column, then row. These cells are 0 throughout, which no picture is. */
  readonly failures: readonly PictureFailure[];
}

/**
 * `readFrame` with columns of images: every image is decoded and brought to the size of its column.
 * @throws QuernError DATA_COLUMN_UNKNOWN, DATA_TOO_LARGE
 */
export async function readColumns(
  { table, imageFolder, pixels }: TableWithImages,
  schema: readonly ColumnSchema[],
  options: ReadFrameOptions & { readonly signal?: AbortSignal } = {},
): Promise<ReadColumns> {
  const texts = schema.map((column): ColumnSchema => {
    return column.kind === "image" ? { name: column.name, kind: "text", reason: column.reason } : column;
  });
  const read = await readFrame(table, texts, options);
  const columns = new Map(read.columns);
  const failures: PictureFailure[] = [];
  for (const column of schema.filter(({ kind }) => kind === "image")) {
    const cells = (read.columns.get(column.name) as TextColumn).values;
    const images = await readImages(column, cells, { imageFolder, pixels, signal: options.signal });
    columns.set(column.name, images.column);
    for (const failure of images.failures) failures.push(failure);
  }
  return { frame: createFrame(columns, read.rows), failures };
}

/** The cells of one column of images, in its size. */
export async function readImages(
  schema: ColumnSchema,
  cells: readonly string[],
  {
    imageFolder,
    pixels,
    signal,
  }: Pick<TableWithImages, "imageFolder" | "pixels"> & { readonly signal?: AbortSignal | undefined },
): Promise<{ column: ImageColumn; failures: readonly PictureFailure[] }> {
  const size = pictureSizeOf(schema as Parameters<typeof pictureSizeOf>[0]);
  const cellBytes = size.height * size.width * size.channels;
  requireRoom(schema.name, cells.length, size);
  const decode = createImageDecoder();
  const values = new Uint8Array(cells.length * cellBytes);
  const failures: PictureFailure[] = [];
  const fail = (row: number, file: string, reason: string): void => {
    failures.push({ row, column: schema.name, file: nameOf(file), reason });
  };
  let next = 0;
  const work = async (): Promise<void> => {
    for (let row = next++; row < cells.length; row = next++) {
      if (signal?.aborted) throw new QuernError("INTERRUPTED", "Reading images was interrupted.");
      const cell = cells[row]!.trim();
      if (isMissingText(cell, schema.format ?? {})) {
        fail(row, "", "no picture is named");
        continue;
      }
      let key: string | undefined;
      const picture = await readCell(cell, imageFolder, async (bytes) => {
        key = pixels && keyOfFile(bytes);
        const known = key === undefined ? undefined : pixels?.get(key, size);
        return known ? { ...size, data: known } : readImageCell(bytes, size, decode);
      });
      if (picture instanceof UnreadablePicture) fail(row, cell, picture.reason);
      else if (picture) {
        values.set(picture.data, row * cellBytes);
        // A view of the column, which nobody changes.
        if (key !== undefined)
          pixels?.add(key, size, values.subarray(row * cellBytes, (row + 1) * cellBytes));
      }
    }
  };
  await Promise.all(Array.from({ length: DECODED_TOGETHER }, work));
  failures.sort((a, b) => a.row - b.row);
  return { column: { kind: "image", values, ...size }, failures };
}

async function readCell(
  cell: string,
  folder: string | undefined,
  read: (bytes: Uint8Array) => ReturnType<typeof readImageCell>,
): ReturnType<typeof readImageCell> {
  try {
    return await read(bytesOf(cell, folder));
  } catch (cause) {
    const said = cause instanceof Error ? cause.message : String(cause);
    return new UnreadablePicture(asClause(said));
  }
}

/** "There is no such file." is one clause of another sentence. */
const asClause = (said: string): string =>
  said.replace(/\.$/, "").replace(/^[A-Z](?=[a-z]| )/, (letter) => letter.toLowerCase());

const nameOf = (cell: string): string => (cell.length > 80 ? `${cell.slice(0, 80)}…` : cell);

function requireRoom(name: string, rows: number, { height, width, channels }: PictureSize): void {
  const bytes = rows * height * width * channels;
  if (bytes <= MAXIMUM_COLUMN_BYTES) return;
  throw new QuernError(
    "DATA_TOO_LARGE",
    `The ${rows} images of ${JSON.stringify(name)} take ${(bytes / 2 ** 30).toFixed(1)} GiB at ${width} x ${height}; at most ${MAXIMUM_COLUMN_BYTES / 2 ** 30} GiB are read.`,
    {
      details: { column: name, bytes, limitBytes: MAXIMUM_COLUMN_BYTES },
      hint: "Set a smaller `data.imageSize`, or give fewer rows.",
    },
  );
}
