import { ELEMENT_CODES, type ElementType, type TensorData } from "../../foundation/contracts/graph.js";
import { elementCount, type TensorArrays } from "../../foundation/contracts/tensor.js";
import { elementTypeOf, toTensorArray } from "./element-types.js";
import type { TensorProto } from "./protobuf/messages.js";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** @throws Error when the data do not fill the shape: a bug of the caller. */
export function toTensorProto(
  name: string | undefined,
  type: ElementType,
  shape: readonly number[],
  data: TensorData,
): TensorProto {
  const array = toTensorArray(type, data);
  if (array.length !== elementCount(shape)) {
    throw new Error(
      `A tensor of shape [${shape}] needs ${elementCount(shape)} elements, got ${array.length}.`,
    );
  }
  const proto: TensorProto = { dataType: ELEMENT_CODES[type] };
  if (shape.length > 0) proto.dims = [...shape];
  if (name !== undefined) proto.name = name;
  if (!ArrayBuffer.isView(array)) {
    if (array.length > 0) proto.stringData = array.map((text) => encoder.encode(text));
  } else if (type === "int4") {
    proto.rawData = packed(array as Int8Array);
  } else {
    proto.rawData = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  }
  return proto;
}

/** Two elements a byte, the first in the low half. */
function packed(values: Int8Array): Uint8Array {
  const bytes = new Uint8Array(Math.ceil(values.length / 2));
  for (let index = 0; index < values.length; index++) {
    bytes[index >> 1]! |= (values[index]! & 15) << (index % 2 === 0 ? 0 : 4);
  }
  return bytes;
}

function unpacked(bytes: Uint8Array, count: number): Int8Array {
  // Shifted up and down again, so that the sign of the half byte is that of the element.
  return Int8Array.from({ length: count }, (_, index) => {
    const nibble = bytes[index >> 1]! >> (index % 2 === 0 ? 0 : 4);
    return (nibble << 28) >> 28;
  });
}

export interface TensorContent {
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly data: TensorArrays[ElementType];
}

/** `undefined` for element types that Quern does not use and for external data. */
export function fromTensorProto(proto: TensorProto): TensorContent | undefined {
  const type = elementTypeOf(proto.dataType);
  if (!type || proto.dataLocation === 1) return undefined;
  const shape = proto.dims ?? [];
  return { type, shape, data: contentOf(type, proto) };
}

function contentOf(type: ElementType, proto: TensorProto): TensorArrays[ElementType] {
  if (type === "string") return (proto.stringData ?? []).map((bytes) => decoder.decode(bytes));
  const raw = proto.rawData && new Uint8Array(proto.rawData).buffer;
  switch (type) {
    case "float32":
      return raw ? new Float32Array(raw) : (proto.floatData ?? new Float32Array());
    case "float64":
      return raw ? new Float64Array(raw) : (proto.doubleData ?? new Float64Array());
    case "int64":
      return raw ? new BigInt64Array(raw) : (proto.int64Data ?? new BigInt64Array());
    case "int32":
      return raw ? new Int32Array(raw) : (proto.int32Data ?? new Int32Array());
    case "int8":
      return raw ? new Int8Array(raw) : Int8Array.from(proto.int32Data ?? []);
    case "float16":
      return raw ? new Uint16Array(raw) : Uint16Array.from(proto.int32Data ?? []);
    case "int4":
      return unpacked(new Uint8Array(raw ?? []), elementCount(proto.dims ?? []));
    default:
      return raw ? new Uint8Array(raw) : Uint8Array.from(proto.int32Data ?? []);
  }
}
