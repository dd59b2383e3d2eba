/**
 * Records of TensorBoard event files: tensorflow/core/util/event.proto and summary.proto, framed as TFRecord
 * (length, masked CRC-32C of it, data, masked CRC-32C of them; little-endian).
 */
import { maskedCrc32c } from "./crc32c.js";

const encoder = new TextEncoder();

/** The first record of a file. */
export function versionRecord(wallSeconds: number): Uint8Array {
  return framed(message(double(1, wallSeconds), bytes(3, encoder.encode("brain.Event:2"))));
}

/** Numbers by tag at one step. */
export function scalarRecord(
  wallSeconds: number,
  step: number,
  values: Readonly<Record<string, number>>,
): Uint8Array {
  const entries = Object.entries(values).map(([tag, value]) =>
    bytes(1, message(bytes(1, encoder.encode(tag)), float(2, value))),
  );
  return framed(message(double(1, wallSeconds), integer(2, step), bytes(5, message(...entries))));
}

/** A text under a tag at one step, shown by TensorBoard's text view. */
export function textRecord(wallSeconds: number, step: number, tag: string, text: string): Uint8Array {
  const plugin = bytes(1, message(bytes(1, encoder.encode("text"))));
  const dataTypeString = integer(1, 7);
  const oneDimension = bytes(2, message(bytes(2, message(integer(1, 1)))));
  const tensor = message(dataTypeString, oneDimension, bytes(8, encoder.encode(text)));
  const value = message(bytes(1, encoder.encode(tag)), bytes(8, tensor), bytes(9, message(plugin)));
  return framed(message(double(1, wallSeconds), integer(2, step), bytes(5, message(bytes(1, value)))));
}

function framed(data: Uint8Array): Uint8Array {
  const result = new Uint8Array(16 + data.length);
  const view = new DataView(result.buffer);
  view.setBigUint64(0, BigInt(data.length), true);
  view.setUint32(8, maskedCrc32c(result.subarray(0, 8)), true);
  result.set(data, 12);
  view.setUint32(12 + data.length, maskedCrc32c(data), true);
  return result;
}

const message = (...fields: readonly Uint8Array[]): Uint8Array => Buffer.concat(fields);

const [VARINT, FIXED64, BYTES, FIXED32] = [0, 1, 2, 5];
const key = (field: number, wire: number): Uint8Array => varint((field << 3) | wire);

function integer(field: number, value: number): Uint8Array {
  return message(key(field, VARINT), varint(value));
}

function double(field: number, value: number): Uint8Array {
  const own = Buffer.alloc(8);
  own.writeDoubleLE(value);
  return message(key(field, FIXED64), own);
}

function float(field: number, value: number): Uint8Array {
  const own = Buffer.alloc(4);
  own.writeFloatLE(value);
  return message(key(field, FIXED32), own);
}

function bytes(field: number, value: Uint8Array): Uint8Array {
  return message(key(field, BYTES), varint(value.length), value);
}

/** Whole numbers from 0 to 2^53 - 1. */
function varint(value: number): Uint8Array {
  const result: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) result.push((rest % 128) | 128);
  return Uint8Array.from([...result, rest]);
}
