/**
 * The protobuf wire format (https://protobuf.dev/programming-guides/encoding): what the codec stands on.
 * Every read is checked against the end of the enclosing message, so hostile lengths cannot leave the file.
 */
import { QuernError } from "../../../foundation/base/errors.js";

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const decoder = new TextDecoder("utf-8", { fatal: true });
const encoder = new TextEncoder();

export function malformed(why: string, position: number): QuernError {
  return new QuernError("MODEL_REFUSED", `The model file is malformed: ${why} at byte ${position}.`, {
    details: { position },
  });
}

export class WireReader {
  readonly bytes: Uint8Array;
  readonly #view: DataView;
  position = 0;
  /** Halves of the last varint, as unsigned 32-bit numbers. */
  low = 0;
  high = 0;

  constructor(bytes: Uint8Array) {
    // A plain array, because `slice` of a Buffer would share memory.
    this.bytes = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Leaves the value in `low` and `high`. */
  varint(end: number): void {
    const start = this.position;
    let low = 0;
    let high = 0;
    for (let index = 0; index < 10; index++) {
      if (this.position >= end) throw malformed("a number runs past its message", start);
      const byte = this.bytes[this.position++]!;
      const part = byte & 0x7f;
      if (index < 4) low |= part << (7 * index);
      else if (index === 4) {
        low |= part << 28;
        high = part >>> 4;
      } else if (index < 9 || part <= 1) high |= part << (7 * index - 32);
      else throw malformed("a number has more than 64 bits", start);
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        return;
      }
    }
    throw malformed("a number has more than 10 bytes", start);
  }

  /** A signed 64-bit varint that must be exact as a JavaScript number. */
  integer(end: number): number {
    const start = this.position;
    this.varint(end);
    const value = (this.high | 0) * 4294967296 + this.low;
    if (!Number.isSafeInteger(value)) throw malformed("a number is beyond 2^53", start);
    return value;
  }

  bigint(end: number): bigint {
    this.varint(end);
    return BigInt.asIntN(64, (BigInt(this.high) << 32n) | BigInt(this.low));
  }

  float(end: number): number {
    const at = this.#take(4, end);
    return this.#view.getFloat32(at, true);
  }

  double(end: number): number {
    const at = this.#take(8, end);
    return this.#view.getFloat64(at, true);
  }

  /** The byte length that starts a string, message or packed field; checked to fit before `end`. */
  length(end: number): number {
    const start = this.position;
    this.varint(end);
    if (this.high !== 0 || this.low > end - this.position) {
      throw malformed("a length runs past its message", start);
    }
    return this.low;
  }

  /** A view, not a copy. */
  slice(length: number): Uint8Array {
    const at = this.#take(length, this.bytes.length);
    return this.bytes.subarray(at, at + length);
  }

  string(length: number): string {
    const start = this.position;
    try {
      return decoder.decode(this.slice(length));
    } catch {
      throw malformed("a text is not valid UTF-8", start);
    }
  }

  skip(wire: number, end: number): void {
    if (wire === WIRE_VARINT) this.varint(end);
    else if (wire === WIRE_FIXED64) this.#take(8, end);
    else if (wire === WIRE_FIXED32) this.#take(4, end);
    else if (wire === WIRE_BYTES) this.slice(this.length(end));
    else throw malformed(`wire type ${wire} is not used by ONNX`, this.position);
  }

  #take(length: number, end: number): number {
    const at = this.position;
    if (length > end - at) throw malformed("a value runs past its message", at);
    this.position = at + length;
    return at;
  }
}

/** Writes back to front, so that the length of a message is known when its header is written: one pass, no sizes. */
export class ReverseWriter {
  #bytes: Uint8Array;
  #view: DataView;
  #start: number;

  constructor(capacity = 4096) {
    this.#bytes = new Uint8Array(capacity);
    this.#view = new DataView(this.#bytes.buffer);
    this.#start = capacity;
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#bytes.length - this.#start;
  }

  finish(): Uint8Array {
    return this.#bytes.slice(this.#start);
  }

  raw(source: Uint8Array): void {
    // Reserved first: growing replaces the buffer.
    const at = this.#reserve(source.length);
    this.#bytes.set(source, at);
  }

  string(text: string): void {
    this.raw(encoder.encode(text));
  }

  float(value: number): void {
    const at = this.#reserve(4);
    this.#view.setFloat32(at, value, true);
  }

  double(value: number): void {
    const at = this.#reserve(8);
    this.#view.setFloat64(at, value, true);
  }

  tag(field: number, wire: number): void {
    this.varint(((field << 3) | wire) >>> 0, 0);
  }

  /** A signed number within 2^53. */
  integer(value: number): void {
    this.varint(value >>> 0, Math.floor(value / 4294967296) >>> 0);
  }

  bigint(value: bigint): void {
    this.varint(Number(BigInt.asUintN(32, value)), Number(BigInt.asUintN(32, value >> 32n)));
  }

  varint(low: number, high: number): void {
    let length = 1;
    if (high === 0) for (let rest = low >>> 7; rest !== 0; rest >>>= 7) length++;
    else {
      length = 5;
      for (let rest = high >>> 3; rest !== 0; rest >>>= 7) length++;
    }
    let at = this.#reserve(length);
    let lowPart = low >>> 0;
    let highPart = high >>> 0;
    for (let index = length; index > 1; index--) {
      this.#bytes[at++] = (lowPart & 0x7f) | 0x80;
      lowPart = ((lowPart >>> 7) | (highPart << 25)) >>> 0;
      highPart >>>= 7;
    }
    this.#bytes[at] = lowPart;
  }

  #reserve(length: number): number {
    if (length > this.#start) this.#grow(length);
    this.#start -= length;
    return this.#start;
  }

  #grow(length: number): void {
    const used = this.length;
    const bytes = new Uint8Array(Math.max(this.#bytes.length * 2, used + length + 4096));
    const start = bytes.length - used;
    bytes.set(this.#bytes.subarray(this.#start), start);
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer);
    this.#start = start;
  }
}
