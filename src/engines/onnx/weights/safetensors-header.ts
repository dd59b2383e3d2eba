/**
 * The header of a safetensors file (github.com/huggingface/safetensors, format of version 0.x): eight bytes of
 * its length, JSON, then the data without holes or overlaps.
 */
import { QuernError } from "../../../foundation/base/errors.js";
import { STORED_BYTES, type StoredShape, type StoredType } from "./stored-tensor.js";

export interface TensorPlace extends StoredShape {
  /** From the end of the header, in bytes. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  readonly tensors: ReadonlyMap<string, TensorPlace>;
}

/** As in the reference implementation. */
export const MAX_HEADER_BYTES = 100_000_000;
export const LENGTH_BYTES = 8;
const METADATA = "__metadata__";
const MAX_DIMENSIONS = 32;

/**
 * @param text the JSON alone
 * @param dataBytes what follows it in the file
 * @param file for messages
 * @throws QuernError MODEL_REFUSED
 */
export function parseHeader(text: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const refuse = refuser(file);
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(text));
  } catch (cause) {
    throw refuse("its header is not JSON", cause);
  }
  if (!isRecord(parsed) || text[0] !== 0x7b) throw refuse("its header is not an object");
  const tensors = new Map<string, TensorPlace>();
  let metadata = new Map<string, string>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === METADATA) metadata = parseMetadata(value, refuse);
    else tensors.set(name, parsePlace(name, value, refuse));
  }
  checkCover(tensors, dataBytes, refuse);
  return { metadata, tensors };
}

type Refuse = (why: string, cause?: unknown) => QuernError;

export function refuser(file: string): Refuse {
  return (why, cause) =>
    new QuernError("MODEL_REFUSED", `The weights ${file} cannot be read: ${why}.`, {
      hint: "Download or export the file again.",
      details: { file },
      ...(cause === undefined ? {} : { cause }),
    });
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function parseMetadata(value: unknown, refuse: Refuse): Map<string, string> {
  if (!isRecord(value)) throw refuse("its metadata is not an object");
  return new Map(
    Object.entries(value).map(([key, text]) => {
      if (typeof text !== "string") throw refuse(`the metadata ${shown(key)} is not text`);
      return [key, text];
    }),
  );
}

function parsePlace(name: string, value: unknown, refuse: Refuse): TensorPlace {
  const fail = (why: string) => refuse(`the tensor ${shown(name)} ${why}`);
  if (!isRecord(value)) throw fail("is not described");
  const { dtype, shape, data_offsets: offsets } = value;
  if (typeof dtype !== "string" || !Object.hasOwn(STORED_BYTES, dtype)) {
    throw fail(`has the unknown type ${shown(String(dtype))}`);
  }
  if (!Array.isArray(shape) || !shape.every(isCount) || shape.length > MAX_DIMENSIONS) {
    throw fail("has no valid shape");
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw fail("has no valid place");
  }
  const type = dtype as StoredType;
  const [begin, end] = offsets as [number, number];
  const bytes = shape.reduce((product, size) => product * size, STORED_BYTES[type]);
  // The product may be inexact beyond 2^53; it then exceeds every possible place.
  if (end < begin || end - begin !== bytes) throw fail(`needs ${bytes} bytes and has ${end - begin}`);
  return { type, shape, begin, end };
}

/** The tensors, in the order of the data, must touch each other from the first byte to the last. */
function checkCover(tensors: ReadonlyMap<string, TensorPlace>, dataBytes: number, refuse: Refuse): void {
  const places = [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  let reached = 0;
  for (const [name, { begin, end }] of places) {
    if (begin !== reached) {
      throw refuse(`the tensor ${shown(name)} begins at byte ${begin}, not at ${reached} where it must`);
    }
    reached = end;
  }
  if (reached !== dataBytes) throw refuse(`it holds ${dataBytes} bytes of data, not ${reached}`);
}

const shown = (name: string): string => JSON.stringify(name.slice(0, 100));

/** The header with its length in front; padded so that the data begin at a multiple of 8 bytes. */
export function formatHeader({ metadata, tensors }: SafetensorsHeader): Uint8Array {
  const entries: [string, unknown][] = metadata.size > 0 ? [[METADATA, Object.fromEntries(metadata)]] : [];
  for (const [name, { type, shape, begin, end }] of tensors) {
    if (name === METADATA) throw new Error(`A tensor cannot be called ${METADATA}.`);
    entries.push([name, { dtype: type, shape, data_offsets: [begin, end] }]);
  }
  const json = `{${entries.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(",")}}`;
  const text = Buffer.from(json);
  const length = Math.ceil(text.length / 8) * 8;
  const result = Buffer.alloc(LENGTH_BYTES + length, " ");
  result.writeBigUInt64LE(BigInt(length));
  text.copy(result, LENGTH_BYTES);
  return result;
}
