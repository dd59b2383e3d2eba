import type { AttributeValue } from "../../foundation/contracts/graph.js";
import { toInt64Array } from "./element-types.js";
import { ATTRIBUTE_TYPE, type AttributeProto } from "./protobuf/messages.js";
import { toTensorProto } from "./tensor-proto.js";

const encoder = new TextEncoder();

export function toAttributeProto(name: string, value: AttributeValue): AttributeProto {
  if ("int" in value) return { name, i: BigInt(value.int), type: ATTRIBUTE_TYPE.i };
  if ("float" in value) return { name, f: value.float, type: ATTRIBUTE_TYPE.f };
  if ("string" in value) return { name, s: encoder.encode(value.string), type: ATTRIBUTE_TYPE.s };
  if ("ints" in value) {
    const ints = value.ints instanceof BigInt64Array ? value.ints.slice() : toInt64Array(value.ints);
    return { name, ...(ints.length > 0 ? { ints } : {}), type: ATTRIBUTE_TYPE.ints };
  }
  if ("floats" in value) {
    const floats = Float32Array.from(value.floats);
    return { name, ...(floats.length > 0 ? { floats } : {}), type: ATTRIBUTE_TYPE.floats };
  }
  if ("strings" in value) {
    const strings = value.strings.map((text) => encoder.encode(text));
    return { name, ...(strings.length > 0 ? { strings } : {}), type: ATTRIBUTE_TYPE.strings };
  }
  const { type, shape, data } = value.tensor;
  return { name, t: toTensorProto(undefined, type, shape, data), type: ATTRIBUTE_TYPE.t };
}

/** Of every kind but tensors, graphs and types, which are not for here. @param text decodes UTF-8 or refuses it */
export function plainAttributeValue(
  attribute: AttributeProto,
  field: keyof typeof ATTRIBUTE_TYPE,
  text: (bytes: Uint8Array) => string,
): AttributeValue | undefined {
  switch (field) {
    case "f":
      return { float: attribute.f ?? 0 };
    case "i":
      return { int: attribute.i ?? 0n };
    case "s":
      return { string: text(attribute.s ?? new Uint8Array()) };
    case "floats":
      return { floats: attribute.floats ?? new Float32Array() };
    case "ints":
      return { ints: attribute.ints ?? new BigInt64Array() };
    case "strings":
      return { strings: (attribute.strings ?? []).map(text) };
    default:
      return undefined;
  }
}
