import { QuernError } from "../../../foundation/base/errors.js";
import { elementCount, type Tensor } from "../../../foundation/contracts/tensor.js";
import { narrowToBfloat16, narrowToHalf, widenBfloat16, widenHalf } from "./number-formats.js";

/** Bytes of one element by the type names of safetensors; files hold them in the opposite order. */
export const STORED_BYTES = {
  BOOL: 1,
  U8: 1,
  I8: 1,
  F8_E5M2: 1,
  F8_E4M3: 1,
  I16: 2,
  U16: 2,
  F16: 2,
  BF16: 2,
  I32: 4,
  U32: 4,
  F32: 4,
  F64: 8,
  I64: 8,
  U64: 8,
} as const;
export type StoredType = keyof typeof STORED_BYTES;

export interface StoredShape {
  readonly type: StoredType;
  readonly shape: readonly number[];
}

/** A tensor as it lies in a file: row-major, little-endian. */
export interface StoredTensor extends StoredShape {
  readonly bytes: Uint8Array;
}

/**
 * The numbers as a tensor of a graph. F16 and BF16 become float32, I8 int32, BOOL and U8 keep their bytes.
 * @throws QuernError UNSUPPORTED for the types that graphs don't compute with
 */
export function tensorOf({ type, shape, bytes }: StoredTensor): Tensor {
  const buffer = aligned(bytes, STORED_BYTES[type]);
  switch (type) {
    case "F32":
      return { type: "float32", shape, data: new Float32Array(buffer) };
    case "F64":
      return { type: "float64", shape, data: new Float64Array(buffer) };
    case "F16":
      return { type: "float32", shape, data: widenHalf(new Uint16Array(buffer)) };
    case "BF16":
      return { type: "float32", shape, data: widenBfloat16(new Uint16Array(buffer)) };
    case "I64":
      return { type: "int64", shape, data: new BigInt64Array(buffer) };
    case "I32":
      return { type: "int32", shape, data: new Int32Array(buffer) };
    case "I8":
      return { type: "int32", shape, data: Int32Array.from(new Int8Array(buffer)) };
    case "U8":
      return { type: "uint8", shape, data: new Uint8Array(buffer) };
    case "BOOL":
      return { type: "bool", shape, data: new Uint8Array(buffer) };
    default:
      throw new QuernError("UNSUPPORTED", `Tensors of the type ${type} cannot be used.`, {
        hint: "Store the weights as F32, F16 or BF16.",
      });
  }
}

/** The bytes as a buffer of their own that starts at an element; copied only where they lie inside another. */
function aligned(bytes: Uint8Array, size: number): ArrayBuffer {
  const isWhole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
  if (isWhole && bytes.byteLength % size === 0) return bytes.buffer as ArrayBuffer;
  return bytes.slice().buffer as ArrayBuffer;
}

const EXACT = {
  float32: "F32",
  float64: "F64",
  int64: "I64",
  int32: "I32",
  uint8: "U8",
  bool: "BOOL",
} as const;

/**
 * A tensor in the form of a file; without `as` exactly, sharing its memory.
 * @param as a narrower form of float32, or I8 for int32 (must lie in -128..127)
 */
export function storedTensor(tensor: Tensor, as?: "F16" | "BF16" | "I8"): StoredTensor {
  const { type, shape, data } = tensor;
  if (type === "string") throw new Error("Text has no stored form.");
  if (data.length !== elementCount(shape)) throw new Error("The values do not fill the shape.");
  if (as === undefined) return { type: EXACT[type], shape, bytes: bytesOf(data) };
  if (as === "I8" && type === "int32") {
    if (data.some((value) => value < -128 || value > 127)) throw new Error("A value is no I8.");
    return { type: as, shape, bytes: bytesOf(Int8Array.from(data)) };
  }
  if (as === "I8" || type !== "float32") throw new Error(`A ${type} tensor cannot be stored as ${as}.`);
  const words = as === "F16" ? narrowToHalf(data) : narrowToBfloat16(data);
  return { type: as, shape, bytes: bytesOf(words) };
}

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);
