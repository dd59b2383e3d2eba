import {
  ELEMENT_CODES,
  type ElementType,
  type PortType,
  type StorageType,
  type TensorData,
} from "../../foundation/contracts/graph.js";
import type { TensorArrays } from "../../foundation/contracts/tensor.js";

const BY_CODE = new Map(Object.entries(ELEMENT_CODES).map(([type, code]) => [code as number, type]));

/** `undefined` for the element types that Quern does not use (float16, complex, …). */
export function elementTypeOf(code: number | undefined): ElementType | undefined {
  return BY_CODE.get(code ?? 0) as ElementType | undefined;
}

const STORAGE_TYPES: ReadonlySet<string> = new Set<StorageType>(["int8", "int4", "float16"]);

/** `undefined` for types that do not enter or leave models. */
export function portTypeOf(code: number | undefined): PortType | undefined {
  const type = elementTypeOf(code);
  return type === undefined || STORAGE_TYPES.has(type) ? undefined : (type as PortType);
}

/** Bytes of one element by TensorProto.DataType; below 1 for packed 4-bit types. Absent: text or unknown. */
export const ELEMENT_BYTES: Readonly<Record<number, number>> = {
  1: 4,
  2: 1,
  3: 1,
  4: 2,
  5: 2,
  6: 4,
  7: 8,
  9: 1,
  10: 2,
  11: 8,
  12: 4,
  13: 8,
  14: 8,
  15: 16,
  16: 2,
  17: 1,
  18: 1,
  19: 1,
  20: 1,
  21: 0.5,
  22: 0.5,
  23: 0.5,
};

/** The same numbers in the array type that belongs to `type`. Copies only where it must. */
export function toTensorArray(type: ElementType, data: TensorData): TensorArrays[ElementType] {
  switch (type) {
    case "float32":
      return data instanceof Float32Array ? data : Float32Array.from(numbersOf(data));
    case "float64":
      return data instanceof Float64Array ? data : Float64Array.from(numbersOf(data));
    case "int64":
      return data instanceof BigInt64Array ? data : toInt64Array(numbersOf(data));
    case "int32":
      return data instanceof Int32Array ? data : Int32Array.from(numbersOf(data));
    case "uint8":
    case "bool":
      return data instanceof Uint8Array ? data : Uint8Array.from(numbersOf(data));
    case "int8":
    case "int4":
      return data instanceof Int8Array ? data : Int8Array.from(numbersOf(data));
    case "float16":
      return data instanceof Uint16Array ? data : Uint16Array.from(numbersOf(data));
    case "string":
      return data as readonly string[];
  }
}

function numbersOf(data: TensorData): ArrayLike<number> {
  if (ArrayBuffer.isView(data) && !(data instanceof BigInt64Array)) return data as ArrayLike<number>;
  return Array.from(data as ArrayLike<unknown>, Number);
}

/** The elements as numbers; those beyond 2^53 are rounded. Through halves, as a bigint for each would be slow. */
export function toNumbers(values: BigInt64Array): Float64Array {
  const halves = new Int32Array(values.buffer, values.byteOffset, values.length * 2);
  const result = new Float64Array(values.length);
  for (let index = 0; index < result.length; index++) {
    result[index] = halves[2 * index + 1]! * 4294967296 + (halves[2 * index]! >>> 0);
  }
  return result;
}

/** Whole numbers within 2^53 as int64. */
export function toInt64Array(values: ArrayLike<number>): BigInt64Array {
  const result = new BigInt64Array(values.length);
  const halves = new Uint32Array(result.buffer);
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!;
    if (!Number.isSafeInteger(value)) throw new Error(`${value} is no whole number within 2^53.`);
    halves[2 * index] = value >>> 0;
    halves[2 * index + 1] = Math.floor(value / 4294967296) >>> 0;
  }
  return result;
}
