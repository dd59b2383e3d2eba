import { createReadStream, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import {
  openTable,
  type Table,
  type TableFile,
  type TableNote,
  type TableSource,
} from "../../../engines/table/index.js";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { OutboundClient } from "../../../foundation/base/outbound-client.js";
import { makePrivateFolder } from "../../../foundation/base/private-folder.js";
import type { SourceDescription, SourceFormat, SourceOptions } from "../../../foundation/contracts/source.js";
import { type AnnotatedFolder, isAnnotated } from "./annotated/annotated-folder.js";
import { writeConllAsTable } from "./conll.js";
import { detectEncoding, isSurelyUtf8 } from "./encodings.js";
import { writeIdxAsCsv } from "./idx.js";
import { writeListing } from "./image-folder.js";
import { hasMixedLineEnds, unifyLineEnds } from "./line-ends.js";
import { annotatedAt, type ImageFolder, imageFolderOf, locate } from "./locate.js";
import {
  createDecoder,
  DEFAULT_DECOMPRESSION_LIMITS,
  type DecompressionLimits,
  writePlainText,
} from "./prepare-text.js";
import { writeSheetAsCsv } from "./read-workbook.js";
import { type RecognisedFile, recognise } from "./recognise.js";

export interface SourceContext {
  readonly threads: number;
  readonly memoryLimitBytes?: number;
  /** Where private temporary folders are made; default the system's. */
  readonly temporaryFolder?: string;
  /** Relative paths start here; default the current folder. */
  readonly baseFolder?: string;
  /** What `-` reads. */
  readonly stdin?: Readable;
  /** What URLs are fetched with; without it they are refused. */
  readonly outbound?: OutboundClient;
  readonly decompression?: DecompressionLimits;
  readonly signal?: AbortSignal;
}

export interface OpenedSource {
  /** The caller closes it. */
  readonly table: Table;
  readonly sources: readonly SourceDescription[];
  readonly notes: readonly TableNote[];
  /** Where images lie that cells name; absent: cells name none, as rows came from elsewhere or several folders. */
  readonly imageFolder?: string;
}

/** A file made ready for the table engine. */
interface PreparedFile extends TableFile {
  readonly description: SourceDescription;
  /** UTF-8 was found, not named by the user, in a file that is read in place. */
  readonly assumedUtf8: boolean;
}

/**
 * Opens what the user names as one table: a file, a folder, a glob, `-` (standard input), an http(s) URL, or
 * several of these with the same columns.
 * @throws QuernError DATA_*, NETWORK_*, DISK_FULL, INTERRUPTED. Nothing stays behind in temporary folders.
 */
export async function openSource(
  location: string | readonly string[],
  options: SourceOptions,
  context: SourceContext,
): Promise<OpenedSource> {
  const staging = makePrivateFolder(context.temporaryFolder ?? tmpdir(), "source");
  try {
    const locations = typeof location === "string" ? [location] : location;
    const baseFolder = context.baseFolder ?? process.cwd();
    const annotated = locations.length === 1 && annotatedAt(locations[0]!, baseFolder, options.format);
    if (annotated) return await openAnnotated(annotated, locations[0]!, options, staging, context);
    const images = imageFolderOf(locations[0] ?? "-", baseFolder);
    if (images && locations.length === 1)
      return await openImages(images, locations[0]!, options, staging, context);
    const files = await recogniseAll(locations, options, staging, context);
    const format = commonFormat(files);
    if (format === "idx") return await openIdx(files, options, staging, context);
    if (format === "conll") return await openConll(files, options, staging, context);
    const prepared: PreparedFile[] = [];
    for (const file of files) prepared.push(await prepare(file, options, staging, prepared.length, context));
    const folders = new Set(files.map((file) => dirname(file.path)));
    const opened = await open(prepared, files, format, options, staging, context);
    return folders.size === 1 && !folders.has(staging)
      ? { ...opened, imageFolder: [...folders][0]! }
      : opened;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

/** Paths and labels of the images below a folder. */
async function openImages(
  { path, images }: ImageFolder,
  name: string,
  options: SourceOptions,
  staging: string,
  context: SourceContext,
): Promise<OpenedSource> {
  const listing = join(staging, "listing");
  writeListing(images, listing);
  const bytes = images.reduce((sum, image) => sum + statSync(join(path, image.path)).size, 0);
  const prepared = [
    { path: listing, name, description: { name, format: "images" as const, bytes }, assumedUtf8: false },
  ];
  return { ...(await open(prepared, [], "images", options, staging, context)), imageFolder: path };
}

/** Pictures with what people drew into them. */
async function openAnnotated(
  { path, format, rows, files, notes }: AnnotatedFolder,
  name: string,
  options: SourceOptions,
  staging: string,
  context: SourceContext,
): Promise<OpenedSource> {
  const listing = join(staging, "annotated");
  try {
    writeFileSync(listing, rows.map((row) => `${JSON.stringify(row)}\n`).join(""), { flag: "wx" });
  } catch (cause) {
    throw translateDiskError(cause, listing);
  }
  const paths = [...rows.map(({ image }) => image), ...files];
  const bytes = paths.reduce(
    (sum, file) => sum + (statSync(join(path, file), { throwIfNoEntry: false })?.size ?? 0),
    0,
  );
  const prepared = [{ path: listing, name, notes, description: { name, format, bytes }, assumedUtf8: false }];
  return { ...(await open(prepared, [], format, options, staging, context)), imageFolder: path };
}

/** Images and labels of IDX files. */
async function openIdx(
  files: readonly RecognisedFile[],
  options: SourceOptions,
  staging: string,
  context: SourceContext,
): Promise<OpenedSource> {
  const path = join(staging, "idx");
  writeIdxAsCsv(files, path);
  const { name } = files[0]!;
  const prepared = [{ path, name, description: describe(files[0]!), assumedUtf8: false }];
  const opened = await open(prepared, [], "idx", options, staging, context);
  return { ...opened, sources: files.map(describe) };
}

/** Sentences and entities of CoNLL files. */
async function openConll(
  files: readonly RecognisedFile[],
  options: SourceOptions,
  staging: string,
  context: SourceContext,
): Promise<OpenedSource> {
  const read: PreparedFile[] = [];
  for (const file of files) read.push(await prepare(file, options, staging, read.length, context));
  const path = join(staging, "sentences");
  await writeConllAsTable(
    read.map(({ path: place, description }) => ({ path: place, name: description.name })),
    path,
    context.signal,
  );
  const { name } = read[0]!;
  const prepared = [{ path, name, description: read[0]!.description, assumedUtf8: false }];
  const opened = await open(prepared, [], "conll", options, staging, context);
  return { ...opened, sources: read.map(({ description }) => description) };
}

const describe = ({ name, format, bytes, compressed }: RecognisedFile): SourceDescription => ({
  ...{ name, format, bytes },
  ...(compressed ? { compressed } : {}),
});

async function recogniseAll(
  locations: readonly string[],
  options: SourceOptions,
  stagingFolder: string,
  context: SourceContext,
): Promise<RecognisedFile[]> {
  const { stdin, outbound, signal, baseFolder = process.cwd() } = context;
  const places = {
    baseFolder,
    stagingFolder,
    ...(stdin && { stdin }),
    ...(outbound && { outbound }),
    ...(signal && { signal }),
  };
  const files: RecognisedFile[] = [];
  for (const location of locations) {
    for (const file of await locate(location, places)) files.push(await recognise(file, options.format));
  }
  if (options.encoding !== undefined) for (const file of files) refuseMojibake(file, options.encoding);
  return files;
}

/** Many encodings take any bytes, and would show other characters than were written. */
function refuseMojibake(file: RecognisedFile, encoding: string): void {
  if (file.format === "parquet" || file.format === "xlsx") return;
  if (createDecoder(encoding).encoding === "utf-8" || !isSurelyUtf8(file.head)) return;
  throw new QuernError("DATA_ENCODING", `${file.name} is written in UTF-8, not in ${encoding}.`, {
    details: { file: file.name, encoding },
    hint: "Leave `--encoding` out, or say `--encoding utf-8`.",
  });
}

const familyOf = (format: SourceFormat): string => (format === "tsv" ? "csv" : format);

function commonFormat(files: readonly RecognisedFile[]): SourceFormat {
  const [first, ...others] = files;
  const other = others.find((file) => familyOf(file.format) !== familyOf(first!.format));
  if (!other) return first!.format;
  throw new QuernError(
    "DATA_SCHEMA",
    `${other.name} is ${other.format}, but ${first!.name} is ${first!.format}; files that are read together have one format.`,
    { details: { file: other.name } },
  );
}

async function prepare(
  file: RecognisedFile,
  options: SourceOptions,
  staging: string,
  index: number,
  context: SourceContext,
): Promise<PreparedFile> {
  const description = { name: file.name, format: file.format, bytes: file.bytes };
  const target = join(staging, `prepared-${index}`);
  if (file.format === "parquet") return { path: file.path, name: file.name, description, assumedUtf8: false };
  if (file.format === "xlsx") {
    const notes = await writeSheetAsCsv(file, options, target);
    return { path: target, name: file.name, notes, description, assumedUtf8: false };
  }
  const encoding = options.encoding ? createDecoder(options.encoding).encoding : encodingOf(file);
  const marked = file.head[0] === 0xef && file.head[1] === 0xbb;
  const full = { ...description, encoding, ...(file.compressed ? { compressed: true } : {}) };
  if (encoding === "utf-8" && !file.compressed && !marked) {
    return {
      path: file.path,
      name: file.name,
      description: full,
      assumedUtf8: options.encoding === undefined,
    };
  }
  await writePlainText(
    file,
    encoding,
    target,
    context.decompression ?? DEFAULT_DECOMPRESSION_LIMITS,
    context.signal,
  );
  return { path: target, name: file.name, description: full, assumedUtf8: false };
}

function encodingOf(file: RecognisedFile): string {
  const detected = detectEncoding(file.head);
  if (detected) return detected.encoding;
  const valid = validStart(file.head);
  const line = valid.split("\n").length;
  if (file.head.includes(0)) {
    throw new QuernError(
      "DATA_MALFORMED",
      `${file.name} is not text: it holds NUL bytes and is in no known encoding.`,
      {
        details: { file: file.name },
        hint: "Give a table as CSV, JSON, Parquet or Excel, or name the `--encoding` of the text.",
      },
    );
  }
  if (isSurelyUtf8(Buffer.from(valid))) {
    throw new QuernError(
      "DATA_ENCODING",
      `${file.name}, line ${line}: the line is no UTF-8, but those before it are: the file mixes encodings.`,
      {
        details: { file: file.name, line },
        hint: "Convert the lines that came from elsewhere (often GBK or Windows-1252) to UTF-8; naming one encoding would garble the others.",
      },
    );
  }
  throw new QuernError(
    "DATA_ENCODING",
    `${file.name}, line ${line}: the text is in none of the encodings that are found by themselves (UTF-8, UTF-16, GB18030).`,
    {
      details: { file: file.name, line },
      hint: "Save the file as UTF-8, or name its encoding, for example `--encoding windows-1252`.",
    },
  );
}

/** What is UTF-8 before the first byte that is not. */
function validStart(head: Uint8Array): string {
  const text = new TextDecoder("utf-8").decode(head);
  return text.slice(0, Math.max(0, text.indexOf("\ufffd")));
}

async function open(
  prepared: PreparedFile[],
  files: readonly RecognisedFile[],
  format: SourceFormat,
  options: SourceOptions,
  staging: string,
  context: SourceContext,
): Promise<OpenedSource> {
  try {
    const table = await openTable(tableSource(prepared, format, options), context);
    return { table, sources: prepared.map((file) => file.description), notes: table.notes };
  } catch (cause) {
    if (!QuernError.is(cause)) throw cause;
    // A line feed within a name, before rows that end in CR LF, makes the table look empty.
    const doubtful = cause.code === "DATA_MALFORMED" || cause.code === "DATA_EMPTY";
    if (doubtful && (await unifyFiles(prepared, format, staging, context.signal))) {
      return open(prepared, files, format, options, staging, context);
    }
    // The first non-ASCII character may lie far behind the bytes from which the encoding was told.
    if (cause.code !== "DATA_ENCODING") throw cause;
    const index = prepared.findIndex((file) => file.assumedUtf8 && file.name === cause.details.file);
    const file = files[index];
    if (!file) throw cause;
    const detected = detectEncoding(await firstForeignBytes(file.path));
    if (!detected || detected.encoding === "utf-8") throw cause;
    prepared[index] = await prepare(
      file,
      { ...options, encoding: detected.encoding },
      staging,
      files.length + index,
      context,
    );
    return open(prepared, files, format, options, staging, context);
  }
}

/** The table engine wants one kind of line end in a file. Copies those that have two; false: there was none. */
async function unifyFiles(
  prepared: PreparedFile[],
  format: SourceFormat,
  staging: string,
  signal?: AbortSignal,
): Promise<boolean> {
  if (familyOf(format) !== "csv") return false;
  let found = false;
  for (const [index, file] of prepared.entries()) {
    if (!(await hasMixedLineEnds(file.path, signal))) continue;
    const path = join(staging, `line-ends-${index}`);
    await unifyLineEnds(file.path, path, signal);
    prepared[index] = { ...file, path };
    found = true;
  }
  return found;
}

/** The stretch of a file that begins with its first byte outside ASCII. */
async function firstForeignBytes(path: string): Promise<Uint8Array> {
  let found = Buffer.alloc(0);
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    const bytes = chunk as Buffer;
    const start = found.length > 0 ? 0 : bytes.findIndex((byte) => byte >= 0x80);
    if (start >= 0) found = Buffer.concat([found, bytes.subarray(start)]);
    if (found.length >= 1 << 16) break;
  }
  return found;
}

function tableSource(files: readonly TableFile[], format: SourceFormat, options: SourceOptions): TableSource {
  if (format === "json" || format === "jsonl" || format === "parquet") return { format, files };
  if (format === "conll" || isAnnotated(format)) return { format: "jsonl", files };
  // Written by ourselves just now.
  if (format === "idx" || format === "images") {
    return { format: "delimited", files, dialect: { delimiter: ",", quote: '"', header: true } };
  }
  const delimiter = options.delimiter ?? (format === "tsv" ? "\t" : format === "xlsx" ? "," : undefined);
  const { quote, header, skipLines } = options;
  const dialect = {
    ...(delimiter === undefined ? {} : { delimiter }),
    ...(quote === undefined ? (format === "xlsx" ? { quote: '"' } : {}) : { quote }),
    ...(header === undefined ? {} : { header }),
    // Rows of a sheet were passed over as it was written as text.
    ...(skipLines === undefined ? {} : { skipLines: format === "xlsx" ? 0 : skipLines }),
  };
  return { format: "delimited", files, dialect };
}
