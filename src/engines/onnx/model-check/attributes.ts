import type { AttributeValue } from "../../../foundation/contracts/graph.js";
import { plainAttributeValue } from "../attributes.js";
import { ATTRIBUTE_TYPE, type AttributeProto, type NodeProto } from "../protobuf/messages.js";
import { fromTensorProto } from "../tensor-proto.js";
import { type ModelPolicy, quoted, refuse } from "./policy.js";
import { checkTensor } from "./tensors.js";

export type Attributes = Readonly<Record<string, AttributeValue>>;

const decoder = new TextDecoder("utf-8", { fatal: true });
const CONTENT = Object.entries(ATTRIBUTE_TYPE) as [keyof typeof ATTRIBUTE_TYPE, number][];

/** The attributes of a node as values. Graphs, sparse tensors, types and references are refused. */
export function readAttributes(node: NodeProto, policy: ModelPolicy): Attributes {
  const attributes: Record<string, AttributeValue> = Object.create(null);
  for (const attribute of node.attribute ?? []) {
    const name = attribute.name ?? "";
    if (name === "" || attributes[name]) refuse(`${node.opType} has an attribute twice or without a name`);
    attributes[name] = readAttribute(attribute, policy, `${node.opType}.${name.slice(0, 80)}`);
  }
  return attributes;
}

function readAttribute(attribute: AttributeProto, policy: ModelPolicy, place: string): AttributeValue {
  if (attribute.refAttrName) refuse(`${place} refers to a function's attribute`);
  const [field] = CONTENT.find(([, type]) => type === attribute.type) ?? refuse(`${place} has no known type`);
  if (CONTENT.some(([other]) => other !== field && attribute[other] !== undefined)) {
    refuse(`${place} holds more than its type says`);
  }
  if (field === "t") {
    const tensor = attribute.t ?? refuse(`${place} is empty`);
    checkTensor(tensor, policy);
    return { tensor: fromTensorProto(tensor)! };
  }
  const value = plainAttributeValue(attribute, field, (bytes) => decode(bytes, place));
  return value ?? refuse(`${place} is a ${quoted(field)}, which models may not hold`);
}

const SHORT = 24;

function decode(bytes: Uint8Array, place: string): string {
  // Tree ensembles hold a mode for each node: short ASCII, for which a decoder call is slow.
  if (bytes.length <= SHORT) {
    let text = "";
    for (const byte of bytes) {
      if (byte >= 0x80) break;
      text += String.fromCharCode(byte);
    }
    if (text.length === bytes.length) return text;
  }
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    return refuse(`${place} is not valid UTF-8`, {}, cause);
  }
}
