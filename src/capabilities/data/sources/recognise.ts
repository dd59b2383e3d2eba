import { closeSync, openSync, readSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { QuernError } from "../../../foundation/base/errors.js";
import type { SourceFormat } from "../../../foundation/contracts/source.js";
import { isIdx } from "./idx-header.js";
import type { LocatedFile } from "./locate.js";

export interface RecognisedFile extends LocatedFile {
  readonly format: SourceFormat;
  readonly compressed: boolean;
  /** First bytes of the content, decompressed. */
  readonly head: Uint8Array;
}

const HEAD_BYTES = 1 << 18;

const FORMATS: readonly (readonly [RegExp, SourceFormat])[] = [
  [/\.csv$/i, "csv"],
  [/\.(tsv|tab)$/i, "tsv"],
  [/\.(jsonl|ndjson)$/i, "jsonl"],
  [/\.json$/i, "json"],
  [/\.parquet$/i, "parquet"],
  [/\.xlsx$/i, "xlsx"],
  [/idx\d-ubyte$/i, "idx"],
  [/\.(conll\w*|iob2?|bio|bioes)$/i, "conll"],
];

/** Formats that people try, with the way out. */
const FOREIGN: readonly (readonly [magic: string, what: string, hint: string])[] = [
  ["d0cf11e0a1b11ae1", "an old Excel workbook (.xls)", "Save it as .xlsx or CSV."],
  ["53514c69746520666f726d6174", "an SQLite database", "Export the table as CSV."],
  ["25504446", "a PDF document", "Export the table as CSV."],
  ["89504e47", "a picture", "Give the folder of the pictures, or a table that names them."],
  ["ffd8ff", "a picture", "Give the folder of the pictures, or a table that names them."],
  ["28b52ffd", "compressed with Zstandard", "Decompress it, or compress it with gzip."],
  ["425a68", "compressed with bzip2", "Decompress it, or compress it with gzip."],
  ["fd377a585a00", "compressed with xz", "Decompress it, or compress it with gzip."],
  ["4152524f5731", "an Arrow file", "Write it as Parquet."],
  ["46454131", "a Feather file", "Write it as Parquet."],
  ["ffffffff", "an Arrow stream", "Write it as Parquet."],
  // What was seen of it is decompressed once.
  ["1f8b", "compressed with gzip twice", "Decompress it once."],
];

/** @throws QuernError DATA_UNSUPPORTED, DATA_MALFORMED */
export async function recognise(file: LocatedFile, wanted?: SourceFormat): Promise<RecognisedFile> {
  const raw = readHead(file.path);
  const compressed = raw[0] === 0x1f && raw[1] === 0x8b;
  const head = compressed ? await decompressHead(raw, file) : raw;
  refuseForeign(head, file);
  const format = wanted ?? detectFormat(head, file);
  if (compressed && (format === "parquet" || format === "xlsx")) {
    throw new QuernError("DATA_UNSUPPORTED", `${file.name} is a ${format} file inside gzip.`, {
      details: { file: file.name },
      hint: "Decompress it; only text formats are read from gzip.",
    });
  }
  return { ...file, format, compressed, head };
}

function readHead(path: string): Uint8Array {
  const buffer = new Uint8Array(HEAD_BYTES);
  const handle = openSync(path, "r");
  try {
    return buffer.subarray(0, readSync(handle, buffer, 0, HEAD_BYTES, 0));
  } finally {
    closeSync(handle);
  }
}

/** Stops as soon as enough came out, so that a bomb costs nothing. */
function decompressHead(raw: Uint8Array, file: LocatedFile): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const gunzip = createGunzip();
    const finish = (): void => {
      gunzip.removeAllListeners("data");
      gunzip.destroy();
      resolve(Buffer.concat(chunks).subarray(0, HEAD_BYTES));
    };
    gunzip.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= HEAD_BYTES) finish();
    });
    gunzip.on("end", finish);
    gunzip.on("error", (cause: NodeJS.ErrnoException) => {
      // The head ends in the middle of the stream, which is no fault of the file.
      if (cause.code === "Z_BUF_ERROR") finish();
      else reject(damagedGzip(file, cause));
    });
    gunzip.end(raw);
  });
}

export function damagedGzip(file: { readonly name: string }, cause: NodeJS.ErrnoException): QuernError {
  const why = cause.code === "Z_BUF_ERROR" ? "is cut off" : "is damaged";
  return new QuernError("DATA_MALFORMED", `The gzip file ${file.name} ${why}.`, {
    details: { file: file.name },
    hint: "Copy or compress the file again.",
    cause,
  });
}

function refuseForeign(head: Uint8Array, file: LocatedFile): void {
  const start = Buffer.from(head.subarray(0, 16)).toString("hex");
  const [, what, hint] = FOREIGN.find(([magic]) => start.startsWith(magic)) ?? foreignText(head) ?? [];
  if (what === undefined) return;
  throw new QuernError("DATA_UNSUPPORTED", `${file.name} is ${what}.`, {
    details: { file: file.name },
    ...(hint === undefined ? {} : { hint }),
  });
}

/** What a server sends in place of a file that needs a log-in, or is no longer there. */
function foreignText(head: Uint8Array): (typeof FOREIGN)[number] | undefined {
  const beginning = new TextDecoder().decode(head.subarray(0, 512)).trimStart().toLowerCase();
  if (/^(<!--[\s\S]*?-->\s*)?<(!doctype html[\s>]|html(\s[^>]*)?>(?!,))/.test(beginning))
    return [
      "",
      "a web page",
      "Download the file itself: open the address in a browser and look what it shows.",
    ];
  return beginning.startsWith("<?xml") ? ["", "an XML document", "Export the table as CSV."] : undefined;
}

function detectFormat(head: Uint8Array, file: LocatedFile): SourceFormat {
  const start = Buffer.from(head.subarray(0, 4)).toString("latin1");
  if (start === "PAR1") return "parquet";
  if (isIdx(head)) return "idx";
  if (start === "PK\x03\x04") return "xlsx";
  const plainName = file.name.replace(/\.gz$/i, "").replace(/[?#].*$/, "");
  const byName = FORMATS.find(([pattern]) => pattern.test(plainName))?.[1];
  // The name decides, but an object where an array should be means one object on each line.
  const first = /^[\ufeff\s]*(.)/.exec(new TextDecoder().decode(head.subarray(0, 1024)))?.[1];
  if (byName === "json" || byName === "jsonl") return first === "[" ? "json" : "jsonl";
  if (byName) return byName;
  if (start === "-DOC") return "conll";
  if (first === "{") return "jsonl";
  return first === "[" ? "json" : "csv";
}
