import type { ElementType } from "../../../foundation/contracts/graph.js";
import { elementCount } from "../../../foundation/contracts/tensor.js";
import { ELEMENT_BYTES, elementTypeOf } from "../element-types.js";
import type { TensorProto } from "../protobuf/messages.js";
import { type ModelPolicy, quoted, refuse } from "./policy.js";

/** A tensor that is wholly in the file, with exactly the elements its shape says. Returns its type and shape. */
export function checkTensor(
  tensor: TensorProto,
  policy: ModelPolicy,
): { type: ElementType; shape: readonly number[] } {
  const name = quoted(tensor.name);
  if (tensor.externalData || (tensor.dataLocation ?? 0) !== 0)
    refuse(`the tensor ${name} lies outside the file`);
  if (tensor.segment) refuse(`the tensor ${name} is in segments`);
  const type = elementTypeOf(tensor.dataType);
  if (!type) return refuse(`the tensor ${name} has the unknown element type ${tensor.dataType}`);
  const shape = tensor.dims ?? [];
  if (shape.length > policy.rank) refuse(`the tensor ${name} has ${shape.length} dimensions`);
  let count = 1;
  for (const size of shape) {
    count *= size;
    if (size < 0 || !Number.isSafeInteger(count)) refuse(`the tensor ${name} has an impossible shape`);
  }
  if (elementsIn(tensor, type) !== count) {
    refuse(`the tensor ${name} of shape [${shape}] has not as many elements as its shape says`);
  }
  return { type, shape };
}

const FIELD_OF_TYPE = {
  float32: "floatData",
  float64: "doubleData",
  int64: "int64Data",
  int32: "int32Data",
  uint8: "int32Data",
  bool: "int32Data",
  string: "stringData",
  int8: "int32Data",
  int4: "int32Data",
  float16: "int32Data",
} as const satisfies Record<ElementType, keyof TensorProto>;

const DATA_FIELDS = [
  "floatData",
  "int32Data",
  "stringData",
  "int64Data",
  "doubleData",
  "uint64Data",
  "rawData",
] as const satisfies readonly (keyof TensorProto)[];

/** NaN when the content is in the wrong field, in several fields or cut off. */
function elementsIn(tensor: TensorProto, type: ElementType): number {
  const filled = DATA_FIELDS.filter((field) => (tensor[field]?.length ?? 0) > 0);
  if (filled.length === 0) return 0;
  if (filled.length > 1) return Number.NaN;
  if (filled[0] !== "rawData")
    return filled[0] === FIELD_OF_TYPE[type] ? tensor[filled[0]!]!.length : Number.NaN;
  if (type === "string") return Number.NaN;
  if (type === "int4")
    return tensor.rawData!.length === Math.ceil(elementCount(tensor.dims ?? []) / 2)
      ? elementCount(tensor.dims ?? [])
      : Number.NaN;
  return tensor.rawData!.length / ELEMENT_BYTES[tensor.dataType!]!;
}
