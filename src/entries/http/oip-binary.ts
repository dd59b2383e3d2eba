/**
 * Tensors as bytes (the binary tensor data extension, github.com/triton-inference-server/server,
 * extension_binary_data.md): little-endian, row-major; BOOL one byte; BYTES each with its length before it, 4 bytes.
 */
import { QuernError } from "../../foundation/base/errors.js";
import type { PortType } from "../../foundation/contracts/graph.js";
import { elementCount, type Tensor } from "../../foundation/contracts/tensor.js";
import { datatypeOf } from "./oip-tensors.js";

interface BinaryTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly datatype: string;
}

const ARRAYS = {
  float32: Float32Array,
  float64: Float64Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
} as const;

/** @throws QuernError PREDICTION_INPUT when the bytes do not fill the shape */
export function fromBinary({ name, shape, datatype }: BinaryTensor, bytes: Buffer, type: PortType): Tensor {
  if (datatype !== datatypeOf(type)) throw bad(name, `has datatype ${datatype}, not ${datatypeOf(type)}`);
  const count = elementCount(shape);
  if (type === "string") return { type, shape, data: readTexts(name, bytes, count) };
  const TypedArray = ARRAYS[type];
  const wanted = count * TypedArray.BYTES_PER_ELEMENT;
  if (bytes.length !== wanted) throw bad(name, `has ${bytes.length} bytes; its shape holds ${wanted}`);
  // A copy begins where the type may begin, and the request's memory is freed.
  const { buffer } = Uint8Array.from(bytes);
  const data = new TypedArray(buffer);
  if (type === "bool") for (let k = 0; k < count; k++) data[k] = data[k] ? 1 : 0;
  // As in `readTensor`: the array follows from the type.
  return { type, shape, data } as unknown as Tensor;
}

function readTexts(name: string, bytes: Buffer, count: number): string[] {
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length && texts.length < count) {
    const length = at + 4 <= bytes.length ? bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (at + 4 + length > bytes.length) throw bad(name, `is cut off in element ${texts.length}`);
    texts.push(bytes.toString("utf8", at + 4, at + 4 + length));
    at += 4 + length;
  }
  if (texts.length !== count || at !== bytes.length) throw bad(name, `does not hold exactly ${count} texts`);
  return texts;
}

export function toBinary({ type, data }: Tensor): Buffer {
  if (type !== "string") {
    const { buffer, byteOffset, byteLength } = data as Uint8Array;
    return Buffer.from(buffer, byteOffset, byteLength);
  }
  return Buffer.concat(
    data.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** What the JSON head says of a tensor that follows it. */
export function binaryHead(name: string, { type, shape }: Tensor, bytes: number): string {
  return JSON.stringify({ name, datatype: datatypeOf(type), shape, parameters: { binary_data_size: bytes } });
}

function bad(name: string, why: string): QuernError {
  return new QuernError("PREDICTION_INPUT", `Input ${JSON.stringify(name)} ${why}.`, {
    details: { input: name },
  });
}
