/**
 * IDX, the format of MNIST and its kin (Y. LeCun, "The MNIST database"): big-endian sizes, then unsigned bytes. Files of
 * images and of labels lie side by side (`train-images-idx3-ubyte`, `train-labels-idx1-ubyte`).
 */
import { readFileSync, writeFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { imageUri } from "../../../foundation/base/pictures/image-text.js";
import { encodeNetpbm } from "../../../foundation/base/pictures/netpbm.js";
import { isIdx, labelsName } from "./idx-header.js";
import { IMAGE_FOLDER_COLUMNS } from "./image-folder.js";
import { damagedGzip, type RecognisedFile } from "./recognise.js";

/** Everything is read at once. */
const MAXIMUM_BYTES = 2 ** 30;

interface IdxFile {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/**
 * Writes files of images, each with the file of labels of the same name, as one CSV: images as data URIs, labels as
 * numbers, and the part of a split where the names tell one (`train-…`, `t10k-…`, `test-…`).
 * @throws QuernError DATA_MALFORMED, DATA_TOO_LARGE, DATA_SCHEMA
 */
export function writeIdxAsCsv(files: readonly RecognisedFile[], target: string): void {
  const read = files.map(readIdx);
  const images = read.filter(({ shape }) => shape.length > 1);
  if (images.length === 0) {
    throw malformed(files[0]!.name, "holds labels alone; give the file of the images beside it");
  }
  const parts = images.map(({ name }) => partOf(name));
  const hasParts = parts.every((part) => part !== undefined) && new Set(parts).size > 1;
  const labels = images.map((file) => labelsOf(file, read));
  const hasLabels = labels.every((found) => found !== undefined);
  const { image, label, part } = IMAGE_FOLDER_COLUMNS;
  const lines = [[image, ...(hasLabels ? [label] : []), ...(hasParts ? [part] : [])].join(",")];
  for (const [at, file] of images.entries()) {
    const rest = (row: number) => [
      ...(hasLabels ? [String(labels[at]!.data[row])] : []),
      ...(hasParts ? [parts[at]!] : []),
    ];
    for (let row = 0; row < file.shape[0]!; row++)
      lines.push([`"${imageCell(file, row)}"`, ...rest(row)].join(","));
  }
  try {
    writeFileSync(target, `${lines.join("\n")}\n`, { flag: "wx" });
  } catch (cause) {
    throw translateDiskError(cause, target);
  }
}

function readIdx(file: RecognisedFile): IdxFile {
  const bytes = contentOf(file);
  if (!isIdx(bytes)) throw malformed(file.name, "is no IDX file of unsigned bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const rank = bytes[3]!;
  if (bytes.length < 4 + 4 * rank) throw malformed(file.name, "is cut off");
  const shape = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const size = shape.reduce((product, length) => product * length, 1);
  const data = bytes.subarray(4 + 4 * rank);
  if (data.length !== size) {
    throw malformed(file.name, `holds ${data.length} values, but its header says ${shape.join(" x ")}`);
  }
  const isKnownRank = rank === 1 || rank === 3 || (rank === 4 && (shape[3] === 1 || shape[3] === 3));
  if (isKnownRank) return { name: file.name, shape, data };
  throw malformed(file.name, `holds ${shape.join(" x ")} values, which are neither labels nor images`);
}

function contentOf(file: RecognisedFile): Uint8Array {
  if (!file.compressed && file.bytes > MAXIMUM_BYTES) throw tooLarge(file.name);
  const raw = readFileSync(file.path);
  if (!file.compressed) return raw;
  try {
    return gunzipSync(raw, { maxOutputLength: MAXIMUM_BYTES });
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(file.name);
    throw damagedGzip(file, cause as NodeJS.ErrnoException);
  }
}

/** The file of labels beside a file of images: `…labels-idx1…` for `…images-idx3…`. */
function labelsOf({ name, shape }: IdxFile, files: readonly IdxFile[]): IdxFile | undefined {
  const wanted = labelsName(name);
  const found = files.find((file) => file.shape.length === 1 && file.name === wanted);
  if (found && found.shape[0] !== shape[0]) {
    throw malformed(found.name, `holds ${found.shape[0]} labels for ${shape[0]} images of ${name}`);
  }
  return found;
}

function partOf(name: string): string | undefined {
  const start = /(?:^|[/\\])(train|t10k|test|val|validation)[-_.][^/\\]*$/i.exec(name)?.[1]?.toLowerCase();
  if (start === undefined) return undefined;
  if (start === "train") return "train";
  return start.startsWith("val") ? "validation" : "test";
}

function imageCell({ shape, data }: IdxFile, row: number): string {
  const [, height, width, channels = 1] = shape as [number, number, number, (1 | 3)?];
  const size = height * width * channels;
  const picture = { width, height, channels, data: data.subarray(row * size, (row + 1) * size) };
  return imageUri(encodeNetpbm(picture), channels === 1 ? "x-portable-graymap" : "x-portable-pixmap");
}

function malformed(name: string, why: string): QuernError {
  return new QuernError("DATA_MALFORMED", `${name} ${why}.`, { details: { file: name } });
}

function tooLarge(name: string): QuernError {
  return new QuernError("DATA_TOO_LARGE", `${name} holds more than ${MAXIMUM_BYTES} bytes.`, {
    details: { file: name, limitBytes: MAXIMUM_BYTES },
  });
}
