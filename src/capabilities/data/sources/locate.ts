import { createWriteStream, readdirSync, type Stats, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { OutboundClient } from "../../../foundation/base/outbound-client.js";
import { IMAGE_FILE } from "../../../foundation/base/pictures/image-text.js";
import type { SourceFormat } from "../../../foundation/contracts/source.js";
import { type AnnotatedFolder, annotatedFolderAt, isAnnotated } from "./annotated/annotated-folder.js";
import { expandGlob, isGlob } from "./glob.js";
import { labelsName } from "./idx-header.js";
import { type ListedImage, listImages } from "./image-folder.js";

/** A regular local file; `name` is what the user calls it. */
export interface LocatedFile {
  readonly path: string;
  readonly name: string;
  readonly bytes: number;
}

export interface LocateContext {
  /** Relative paths start here. */
  readonly baseFolder: string;
  /** For copies of standard input and downloads. */
  readonly stagingFolder: string;
  readonly stdin?: Readable;
  readonly outbound?: OutboundClient;
  readonly signal?: AbortSignal;
}

const DATA_FILE = /(\.(csv|tsv|tab|txt|json|jsonl|ndjson|parquet|xlsx)|idx\d-ubyte)(\.gz)?$/i;
/** Beside images, a text is rather a note than a table. */
const NOTE = /\.txt$/i;

/** @throws QuernError DATA_NOT_FOUND, DATA_UNSUPPORTED, DATA_EMPTY, NETWORK_REFUSED, NETWORK_FAILED */
export async function locate(location: string, context: LocateContext): Promise<LocatedFile[]> {
  if (location === "-") return [await readStandardInput(context)];
  if (/^https?:\/\//i.test(location)) return [await download(location, context)];
  if (/^[a-z][a-z0-9+.-]*:\/\//i.test(location)) {
    throw new QuernError("DATA_UNSUPPORTED", `${location} is neither a path nor an http(s) URL.`, {
      details: { location },
    });
  }
  return locateLocal(location, context.baseFolder);
}

/** The files that local locations name, in order; undefined where one is standard input or a URL. */
export function localFiles(locations: readonly string[], baseFolder: string): LocatedFile[] | undefined {
  const remote = (location: string): boolean => location === "-" || /^[a-z][a-z0-9+.-]*:\/\//i.test(location);
  if (locations.some(remote)) return undefined;
  return locations.flatMap((location) => locateLocal(location, baseFolder));
}

function locateLocal(location: string, baseFolder: string): LocatedFile[] {
  const path = resolve(baseFolder, location);
  const status = statusOf(path);
  if (status?.isDirectory()) return filesOfFolder(path, location);
  if (status) return [regularFile(path, location, status), ...labelsBeside(path, location)];
  if (isGlob(location)) return filesOfGlob(location, baseFolder);
  throw new QuernError("DATA_NOT_FOUND", `There is no file ${location}.`, { details: { file: location } });
}

/** Undefined: there is nothing. @throws QuernError DATA_NOT_FOUND where the system gives no answer */
function statusOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const why = REASONS[code ?? ""] ?? `the system says ${code}`;
    throw new QuernError("DATA_NOT_FOUND", `${path} cannot be read: ${why}.`, {
      details: { file: path },
      cause,
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ELOOP: "it is a symbolic link that leads back to itself",
  EACCES: "a folder above it may not be entered",
  ENAMETOOLONG: "its name is too long",
};

/** Images of an IDX file come with the labels that lie beside them. */
function labelsBeside(path: string, location: string): LocatedFile[] {
  const name = labelsName(basename(path));
  if (name === basename(path)) return [];
  const labels = join(dirname(path), name);
  const status = statSync(labels, { throwIfNoEntry: false });
  return status ? [regularFile(labels, join(dirname(location), name), status)] : [];
}

function regularFile(path: string, name: string, status: Stats): LocatedFile {
  if (!status.isFile()) {
    const kind = status.isFIFO() ? "a pipe" : status.isSocket() ? "a socket" : "a device";
    throw new QuernError("DATA_UNSUPPORTED", `${name} is ${kind}, not a regular file.`, {
      details: { file: name },
      hint: "Save the data to a file first, or send it through standard input and name `-`.",
    });
  }
  if (status.size === 0) throw new QuernError("DATA_EMPTY", `${name} is empty.`, { details: { file: name } });
  return { path, name, bytes: status.size };
}

/** Annotated pictures at a location; where another format was named, it is not looked for. */
export function annotatedAt(
  location: string,
  baseFolder: string,
  format?: SourceFormat,
): AnnotatedFolder | undefined {
  if (location === "-" || /^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return undefined;
  if (format !== undefined && !isAnnotated(format)) return undefined;
  const path = resolve(baseFolder, location);
  return statusOf(path) && annotatedFolderAt(path, format);
}

/** The folder of a location that holds images and no table. */
export function imageFolderOf(location: string, baseFolder: string): ImageFolder | undefined {
  if (location === "-" || /^[a-z][a-z0-9+.-]*:\/\//i.test(location)) return undefined;
  const path = resolve(baseFolder, location);
  if (!statusOf(path)?.isDirectory()) return undefined;
  if (dataFiles(path).some((name) => !NOTE.test(name))) return undefined;
  const images = listImages(path);
  return images && { path, images };
}

export interface ImageFolder {
  readonly path: string;
  readonly images: readonly ListedImage[];
}

function dataFiles(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => DATA_FILE.test(name) && !/^[._]/.test(name))
    .sort();
}

function filesOfFolder(path: string, location: string): LocatedFile[] {
  const annotated = annotatedFolderAt(path);
  const images = imageFolderOf(path, path)?.images;
  const names = annotated
    ? [...annotated.rows.map(({ image }) => image), ...annotated.files]
    : images
      ? images.map((image) => image.path)
      : dataFiles(path);
  const files = names.flatMap((name) => {
    const status = statSync(join(path, name), { throwIfNoEntry: false });
    // A picture that annotations name and that is not there is told where it is read.
    if (!status || status.isDirectory()) return [];
    const [full, called] = [join(path, name), join(location, name)];
    // Of many pictures an empty one is damaged like others, told where it is read; empty labels say that there is no object.
    if (status.size === 0 && (annotated || IMAGE_FILE.test(name)))
      return [{ path: full, name: called, bytes: 0 }];
    return [regularFile(full, called, status)];
  });
  if (files.length > 0) return files;
  throw new QuernError("DATA_NOT_FOUND", `The folder ${location} holds no data file.`, {
    details: { folder: location },
    hint: "Put CSV, TSV, JSON, JSON Lines, Parquet or Excel files into it, all of the same columns, or a folder of images for each class.",
  });
}

function filesOfGlob(pattern: string, baseFolder: string): LocatedFile[] {
  const paths = expandGlob(pattern, baseFolder);
  if (paths.length === 0) {
    throw new QuernError("DATA_NOT_FOUND", `No file matches ${pattern}.`, { details: { pattern } });
  }
  return paths.map((path) => {
    const name = isAbsolute(pattern) ? path : path.slice(baseFolder.length + 1);
    return regularFile(path, name, statSync(path));
  });
}

async function readStandardInput(context: LocateContext): Promise<LocatedFile> {
  if (!context.stdin) throw new QuernError("DATA_NOT_FOUND", "Nothing is sent through standard input.");
  const path = join(context.stagingFolder, "standard-input");
  try {
    const options = context.signal ? { signal: context.signal } : {};
    await pipeline(context.stdin, createWriteStream(path, { flags: "wx" }), options);
  } catch (cause) {
    if (context.signal?.aborted)
      throw new QuernError("INTERRUPTED", "Reading standard input was interrupted.");
    throw translateDiskError(cause, path);
  }
  return regularFile(path, "standard input", statSync(path));
}

async function download(url: string, context: LocateContext): Promise<LocatedFile> {
  if (!context.outbound) {
    throw new QuernError("NETWORK_REFUSED", `No host is allowed, so ${new URL(url).origin} was not asked.`, {
      details: { host: new URL(url).host },
    });
  }
  const name = basename(new URL(url).pathname).replace(/[^\w.-]/g, "_") || "download";
  const path = join(context.stagingFolder, `url-${name}`);
  await context.outbound.download(url, path, context.signal);
  return regularFile(path, url, statSync(path));
}
