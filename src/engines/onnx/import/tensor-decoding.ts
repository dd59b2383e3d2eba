/** Every TensorProto as one of the element types that graphs have. */
import type { PortType } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { ELEMENT_BYTES } from "../element-types.js";
import type { SparseTensorProto, TensorProto } from "../protobuf/messages.js";
import type { TensorContent } from "../tensor-proto.js";
import { widenBfloat16, widenHalf } from "../weights/number-formats.js";
import type { ExternalData } from "./external-data.js";
import { widenFloat8 } from "./float8.js";
import { type ImportLimits, malformedModel, quoted, unsupportedModel } from "./limits.js";

/** TensorProto.DataType by name. */
export const DATA_TYPE = {
  float: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  double: 11,
  uint32: 12,
  uint64: 13,
  bfloat16: 16,
  uint4: 21,
  int4: 22,
} as const;

/**
 * The element type that stands for a TensorProto.DataType in a graph: half-precision and 8-bit floats become
 * float32, narrow integers int32, unsigned ones of 32 and 64 bits int64. `undefined` for complex numbers.
 */
export function widenedType(code: number | undefined): PortType | undefined {
  return WIDENED[code ?? 0];
}

const WIDENED: Readonly<Record<number, PortType>> = {
  1: "float32",
  2: "uint8",
  3: "int32",
  4: "int32",
  5: "int32",
  6: "int32",
  7: "int64",
  8: "string",
  9: "bool",
  10: "float32",
  11: "float64",
  12: "int64",
  13: "int64",
  16: "float32",
  17: "float32",
  18: "float32",
  19: "float32",
  20: "float32",
  21: "int32",
  22: "int32",
};

/** What a tensor of the file declares, checked; its elements are not read yet. */
export interface TensorHeader {
  readonly name: string;
  /** TensorProto.DataType in the file. */
  readonly code: number;
  readonly type: PortType;
  readonly shape: readonly number[];
}

/** @throws QuernError MODEL_REFUSED, or UNSUPPORTED for an element type without a counterpart */
export function tensorHeader(proto: TensorProto, limits: ImportLimits): TensorHeader {
  const name = quoted(proto.name);
  const code = proto.dataType ?? 0;
  const type = widenedType(code);
  if (!type) {
    unsupportedModel(
      `the tensor ${name} has the element type ${code}`,
      "Convert the tensor to float32, float64 or an integer type before exporting.",
    );
  }
  if (proto.segment) malformedModel(`the tensor ${name} is in segments`);
  return { name: proto.name ?? "", code, type: type!, shape: checkShape(proto.dims ?? [], name, limits) };
}

function checkShape(dims: readonly number[], name: string, limits: ImportLimits): readonly number[] {
  if (dims.length > limits.rank) malformedModel(`the tensor ${name} has ${dims.length} dimensions`);
  let count = 1;
  for (const size of dims) {
    count *= size;
    if (size < 0 || count > limits.tensorElements) {
      malformedModel(`the tensor ${name} has the impossible shape [${dims}]`);
    }
  }
  return [...dims];
}

/** The elements of a tensor, from the file or beside it. */
export function decodeTensor(
  proto: TensorProto,
  limits: ImportLimits,
  external: ExternalData | undefined,
): TensorContent {
  const { code, type, shape, name } = tensorHeader(proto, limits);
  const count = elementCount(shape);
  const data = elementsOf(proto, code, count, external);
  if (data.length !== count) {
    malformedModel(`the tensor ${quoted(name)} of shape [${shape}] has ${data.length} elements`);
  }
  return { type, shape, data };
}

const decoder = new TextDecoder("utf-8", { fatal: true });

function elementsOf(
  proto: TensorProto,
  code: number,
  count: number,
  external: ExternalData | undefined,
): TensorContent["data"] {
  if (code === DATA_TYPE.string) return (proto.stringData ?? []).map((bytes) => decodeText(bytes, proto));
  const expected = Math.ceil(count * ELEMENT_BYTES[code]!);
  const isExternal = proto.dataLocation === 1;
  const raw = isExternal ? readExternal(proto, expected, external) : proto.rawData;
  if (raw && (raw.length > 0 || count === 0)) {
    if (raw.length !== expected) {
      malformedModel(`the tensor ${quoted(proto.name)} has ${raw.length} bytes instead of ${expected}`);
    }
    return fromRaw(raw, code, count);
  }
  return fromFields(proto, code, count);
}

function readExternal(proto: TensorProto, bytes: number, external: ExternalData | undefined): Uint8Array {
  if (!external) malformedModel(`the tensor ${quoted(proto.name)} lies outside the file`);
  return external!.read(proto, bytes);
}

function decodeText(bytes: Uint8Array, { name }: TensorProto): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return malformedModel(`a text of the tensor ${quoted(name)} is not valid UTF-8`);
  }
}

/** Little-endian bytes; copied where they do not lie on a boundary of their type. */
function fromRaw(raw: Uint8Array, code: number, count: number): TensorContent["data"] {
  const width = Math.ceil(ELEMENT_BYTES[code]!);
  const aligned = raw.byteOffset % width === 0 ? raw : raw.slice();
  const at = [aligned.buffer, aligned.byteOffset, Math.floor(aligned.length / width)] as const;
  switch (code) {
    case DATA_TYPE.float:
      return new Float32Array(...at);
    case DATA_TYPE.double:
      return new Float64Array(...at);
    case DATA_TYPE.int64:
    case DATA_TYPE.uint64:
      return new BigInt64Array(...at);
    case DATA_TYPE.int32:
      return new Int32Array(...at);
    case DATA_TYPE.uint8:
    case DATA_TYPE.bool:
      return aligned;
    case DATA_TYPE.int8:
      return Int32Array.from(new Int8Array(...at));
    case DATA_TYPE.int16:
      return Int32Array.from(new Int16Array(...at));
    case DATA_TYPE.uint16:
      return Int32Array.from(new Uint16Array(...at));
    case DATA_TYPE.uint32:
      return BigInt64Array.from(new Uint32Array(...at), BigInt);
    case DATA_TYPE.float16:
      return widenHalf(new Uint16Array(...at));
    case DATA_TYPE.bfloat16:
      return widenBfloat16(new Uint16Array(...at));
    case DATA_TYPE.uint4:
    case DATA_TYPE.int4:
      return fromNibbles(aligned, count, code === DATA_TYPE.int4);
    default:
      return widenFloat8(aligned, code);
  }
}

/** Two elements a byte, the first in the low half. */
export function fromNibbles(bytes: ArrayLike<number>, count: number, signed: boolean): Int32Array {
  const result = new Int32Array(count);
  for (let index = 0; index < count; index++) {
    const nibble = (bytes[index >> 1]! >> (index % 2 === 0 ? 0 : 4)) & 15;
    result[index] = signed && nibble > 7 ? nibble - 16 : nibble;
  }
  return result;
}

/** The typed fields of a TensorProto: small types share int32_data, float16 as its bits. */
function fromFields(proto: TensorProto, code: number, count: number): TensorContent["data"] {
  const integers = proto.int32Data ?? new Int32Array();
  switch (code) {
    case DATA_TYPE.float:
      return proto.floatData ?? new Float32Array();
    case DATA_TYPE.double:
      return proto.doubleData ?? new Float64Array();
    case DATA_TYPE.int64:
      return proto.int64Data ?? new BigInt64Array();
    case DATA_TYPE.uint32:
    case DATA_TYPE.uint64:
      return BigInt64Array.from(proto.uint64Data ?? []);
    case DATA_TYPE.uint8:
    case DATA_TYPE.bool:
      return Uint8Array.from(integers);
    case DATA_TYPE.float16:
      return widenHalf(Uint16Array.from(integers));
    case DATA_TYPE.bfloat16:
      return widenBfloat16(Uint16Array.from(integers));
    case DATA_TYPE.uint4:
    case DATA_TYPE.int4:
      if (integers.length !== Math.ceil(count / 2)) return new Int32Array();
      return fromNibbles(integers, count, code === DATA_TYPE.int4);
    case DATA_TYPE.int8:
    case DATA_TYPE.int16:
    case DATA_TYPE.uint16:
    case DATA_TYPE.int32:
      return integers;
    default:
      return widenFloat8(integers, code);
  }
}

/** A tensor given by its non-zero elements, as a dense one. */
export function decodeSparseTensor(
  { values, indices, dims = [] }: SparseTensorProto,
  limits: ImportLimits,
): TensorContent & { readonly name: string } {
  if (!values || !indices) return malformedModel("a sparse tensor has no values or no indices");
  const name = values.name ?? "";
  const shape = checkShape(dims, quoted(name), limits);
  const count = elementCount(shape);
  // No more than a thousandfold: a file of a few bytes must not take gigabytes.
  const given = decodeTensor(values, limits, undefined);
  if (count > 1024 * (given.data.length + 1024))
    malformedModel(`the sparse tensor ${quoted(name)} is too sparse`);
  const places = decodeTensor(indices, limits, undefined);
  if (given.type !== "float32" && given.type !== "float64") {
    return unsupportedModel(
      `the sparse tensor ${quoted(name)} is no float tensor`,
      "Export it as a dense tensor.",
    );
  }
  const data = given.type === "float32" ? new Float32Array(count) : new Float64Array(count);
  const rank = places.shape.length === 2 ? places.shape[1]! : 1;
  if (rank !== 1 && rank !== shape.length)
    malformedModel(`the indices of ${quoted(name)} do not fit its shape`);
  for (let item = 0; item < given.data.length; item++) {
    let at = 0;
    for (let axis = 0; axis < rank; axis++) {
      const index = Number(places.data[item * rank + axis]);
      const size = rank === 1 ? count : shape[axis]!;
      if (!(index >= 0 && index < size)) malformedModel(`an index of ${quoted(name)} is outside its shape`);
      at = at * size + index;
    }
    data[at] = Number(given.data[item]);
  }
  return { name, type: given.type, shape, data };
}
