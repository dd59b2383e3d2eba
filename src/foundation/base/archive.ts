/**
 * The one archive reader and writer: zip files of regular files with plain relative names (APPNOTE 6.3.9,
 * stored or deflated, no encryption, no zip64). Sizes are believed only after they are checked: an entry that
 * inflates to more or less than it declared, overlaps another, or breaks a cap ends the reading.
 */
import { Inflate, type Zippable, zipSync } from "fflate";
import { QuernError } from "./errors.js";
import { isPlainPath } from "./plain-path.js";

export interface ArchiveLimits {
  readonly entries: number;
  /** Uncompressed, all entries together. */
  readonly totalBytes: number;
  /** Uncompressed over compressed size of one entry, beyond the first MiB. */
  readonly ratio: number;
  readonly nameBytes: number;
}
export const DEFAULT_ARCHIVE_LIMITS: ArchiveLimits = {
  entries: 1000,
  totalBytes: 2 ** 31,
  ratio: 200,
  nameBytes: 255,
};

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const LOCAL_HEADER = 0x04034b50;
const END_BYTES = 22;
const ENTRY_BYTES = 46;
const LOCAL_BYTES = 30;
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;
const FREE_RATIO_BYTES = 1 << 20;
const FILE_TYPE_MASK = 0xf000;
const REGULAR_FILE = 0x8000;
const DIRECTORY = 0x4000;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Deterministic: entries by name, times at the epoch of the format. */
export function packArchive(files: ReadonlyMap<string, Uint8Array>): Uint8Array {
  const entries: Zippable = {};
  for (const name of [...files.keys()].sort()) {
    if (!isPlainPath(name)) throw new Error(`${JSON.stringify(name)} is no plain path.`);
    entries[name] = [files.get(name)!, { level: 6, mtime: new Date(1980, 0, 1) }];
  }
  return zipSync(entries);
}

export function looksLikeArchive(bytes: Uint8Array): boolean {
  return (
    bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0, true) === LOCAL_HEADER
  );
}

/** Nothing is written anywhere. @throws QuernError BUNDLE_INVALID */
export function readArchive(
  bytes: Uint8Array,
  limits: ArchiveLimits = DEFAULT_ARCHIVE_LIMITS,
): Map<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries = readDirectory(bytes, view, limits);
  checkTotals(entries, limits);
  const files = new Map<string, Uint8Array>();
  let previousEnd = 0;
  for (const entry of entries.sort((a, b) => a.offset - b.offset)) {
    const start = dataStart(view, entry);
    if (entry.offset < previousEnd) throw damaged(`${quoted(entry)} overlaps another entry`);
    previousEnd = start + entry.compressedSize;
    if (previousEnd > bytes.length) throw damaged(`${quoted(entry)} runs past the end of the file`);
    if (entry.name.endsWith("/")) continue;
    if (files.has(entry.name)) throw damaged(`${quoted(entry)} is there twice`);
    const content = inflated(bytes.subarray(start, previousEnd), entry);
    if (crc32(content) !== entry.crc) throw damaged(`${quoted(entry)} does not have its checksum`);
    files.set(entry.name, content);
  }
  return files;
}

interface Entry {
  readonly name: string;
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Of its local header. */
  readonly offset: number;
}

function readDirectory(bytes: Uint8Array, view: DataView, limits: ArchiveLimits): Entry[] {
  const end = findEnd(view);
  const count = view.getUint16(end + 10, true);
  if (count > limits.entries) throw damaged(`it has ${count} entries, more than ${limits.entries}`);
  let at = view.getUint32(end + 16, true);
  const entries: Entry[] = [];
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_BYTES > end || view.getUint32(at, true) !== DIRECTORY_ENTRY) {
      throw damaged("its directory is broken");
    }
    const nameLength = view.getUint16(at + 28, true);
    const next =
      at + ENTRY_BYTES + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
    if (next > end) throw damaged("its directory is broken");
    if (nameLength > limits.nameBytes) throw damaged("an entry has a very long name");
    const name = decodeName(bytes.subarray(at + ENTRY_BYTES, at + ENTRY_BYTES + nameLength));
    entries.push(checkedEntry(view, at, name));
    at = next;
  }
  return entries;
}

function checkedEntry(view: DataView, at: number, name: string): Entry {
  const entry: Entry = {
    name,
    method: view.getUint16(at + 10, true),
    crc: view.getUint32(at + 16, true),
    compressedSize: view.getUint32(at + 20, true),
    size: view.getUint32(at + 24, true),
    offset: view.getUint32(at + 42, true),
  };
  const isDirectory = name.endsWith("/");
  if (!isPlainPath(isDirectory ? name.slice(0, -1) : name))
    throw damaged(`${quoted(entry)} is no plain path`);
  const type = (view.getUint32(at + 38, true) >>> 16) & FILE_TYPE_MASK;
  if (type !== 0 && type !== (isDirectory ? DIRECTORY : REGULAR_FILE)) {
    throw damaged(`${quoted(entry)} is a link or a special file`);
  }
  if (view.getUint16(at + 8, true) & ENCRYPTED) throw damaged(`${quoted(entry)} is encrypted`);
  if (entry.method !== STORED && entry.method !== DEFLATED) {
    throw damaged(`${quoted(entry)} has the compression method ${entry.method}`);
  }
  return entry;
}

/** The end record is the last thing in the file but for a comment. */
function findEnd(view: DataView): number {
  const first = Math.max(0, view.byteLength - END_BYTES - 0xffff);
  for (let at = view.byteLength - END_BYTES; at >= first; at--) {
    if (view.getUint32(at, true) === END_OF_DIRECTORY) return at;
  }
  throw damaged("it has no zip directory");
}

function checkTotals(entries: readonly Entry[], limits: ArchiveLimits): void {
  let total = 0;
  for (const entry of entries) {
    total += entry.size;
    if (total > limits.totalBytes) throw damaged(`it unpacks to more than ${limits.totalBytes} bytes`);
    if (entry.size > FREE_RATIO_BYTES && entry.size > entry.compressedSize * limits.ratio) {
      throw damaged(`${quoted(entry)} unpacks to more than ${limits.ratio} times its size`);
    }
  }
}

function dataStart(view: DataView, entry: Entry): number {
  const at = entry.offset;
  if (at + LOCAL_BYTES > view.byteLength || view.getUint32(at, true) !== LOCAL_HEADER) {
    throw damaged(`${quoted(entry)} has no header`);
  }
  return at + LOCAL_BYTES + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
}

function inflated(data: Uint8Array, entry: Entry): Uint8Array {
  if (entry.method === STORED) {
    if (entry.compressedSize !== entry.size) throw damaged(`${quoted(entry)} has two sizes`);
    return new Uint8Array(data);
  }
  const content = new Uint8Array(entry.size);
  let length = 0;
  const stream = new Inflate((chunk) => {
    if (length + chunk.length > content.length) throw damaged(`${quoted(entry)} is longer than it says`);
    content.set(chunk, length);
    length += chunk.length;
  });
  try {
    // In pieces, so that a bomb is noticed before it has unfolded.
    const piece = 1 << 16;
    for (let at = 0; at < data.length; at += piece) {
      stream.push(data.subarray(at, at + piece), at + piece >= data.length);
    }
  } catch (cause) {
    if (QuernError.is(cause)) throw cause;
    throw damaged(`${quoted(entry)} cannot be inflated`, cause);
  }
  if (length !== entry.size) throw damaged(`${quoted(entry)} is shorter than it says`);
  return content;
}

function decodeName(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw damaged("an entry's name is not UTF-8", cause);
  }
}

const quoted = (entry: Entry): string => `the entry ${JSON.stringify(entry.name)}`;

function damaged(why: string, cause?: unknown): QuernError {
  return new QuernError("BUNDLE_INVALID", `The archive is refused: ${why}.`, { cause });
}

const crcTable = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let index = 0; index < bytes.length; index++)
    crc = crcTable[(crc ^ bytes[index]!) & 255]! ^ (crc >>> 8);
  return (crc ^ -1) >>> 0;
}
