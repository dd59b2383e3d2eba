/** Attributes of every kind: values for the graph, and subgraphs for ops that hold them. */
import type { AttributeValue } from "../../../foundation/contracts/graph.js";
import { plainAttributeValue } from "../attributes.js";
import {
  ATTRIBUTE_TYPE,
  type AttributeProto,
  type GraphProto,
  type NodeProto,
} from "../protobuf/messages.js";
import type { ExternalData } from "./external-data.js";
import { type ImportLimits, malformedModel, quoted, unsupportedModel } from "./limits.js";
import { decodeTensor } from "./tensor-decoding.js";

export interface NodeAttributes {
  readonly values: Readonly<Record<string, AttributeValue>>;
  readonly graphs: Readonly<Record<string, GraphProto>>;
}

export interface AttributeReading {
  readonly limits: ImportLimits;
  readonly external: ExternalData | undefined;
  /** Attributes of the call of the function around the node, which its attributes may refer to. */
  readonly outer: ReadonlyMap<string, AttributeProto>;
}

type Field = keyof typeof ATTRIBUTE_TYPE;
const FIELDS = Object.entries(ATTRIBUTE_TYPE) as [Field, number][];
const decoder = new TextDecoder("utf-8", { fatal: true });

/** @throws QuernError MODEL_REFUSED, UNSUPPORTED */
export function readNodeAttributes(node: NodeProto, reading: AttributeReading): NodeAttributes {
  const values: Record<string, AttributeValue> = Object.create(null);
  const graphs: Record<string, GraphProto> = Object.create(null);
  for (const attribute of resolveReferences(node, reading.outer)) {
    const name = attribute.name ?? "";
    if (name === "" || values[name] || graphs[name]) {
      malformedModel(`${quoted(node.opType)} has an attribute twice or without a name`);
    }
    const field = fieldOf(attribute);
    if (field === "g") graphs[name] = attribute.g ?? malformedModel(`the graph ${quoted(name)} is missing`);
    else values[name] = readValue(attribute, field, reading, `${node.opType}.${name}`.slice(0, 120));
  }
  return { values, graphs };
}

/** The attributes of a node inside a function, with those of the call in the place of references to them. */
export function resolveReferences(
  { attribute = [] }: NodeProto,
  outer: ReadonlyMap<string, AttributeProto>,
): AttributeProto[] {
  return attribute.flatMap((given) => {
    if (!given.refAttrName) return [given];
    const found = outer.get(given.refAttrName);
    return found ? [{ ...found, name: given.name ?? "" }] : [];
  });
}

/** Files of early versions do not say which field an attribute uses. */
function fieldOf(attribute: AttributeProto): Field {
  const name = quoted(attribute.name);
  const filled = FIELDS.filter(([field]) => attribute[field] !== undefined).map(([field]) => field);
  if (filled.length > 1) malformedModel(`the attribute ${name} holds more than one value`);
  if (!attribute.type) return filled[0] ?? malformedModel(`the attribute ${name} is empty`);
  const [field] = FIELDS.find(([, type]) => type === attribute.type) ?? [];
  if (!field) return malformedModel(`the attribute ${name} has the unknown type ${attribute.type}`);
  if (filled.length === 1 && filled[0] !== field)
    malformedModel(`the attribute ${name} holds another type than it says`);
  return field;
}

function readValue(
  attribute: AttributeProto,
  field: Exclude<Field, "g">,
  { limits, external }: AttributeReading,
  place: string,
): AttributeValue {
  if (field === "t") return { tensor: decodeTensor(attribute.t ?? {}, limits, external) };
  const value = plainAttributeValue(attribute, field, (bytes) => decode(bytes, place));
  if (value) return value;
  return unsupportedModel(
    `the attribute ${quoted(place)} is a ${field}`,
    "Export the model without sparse tensors, types and lists of graphs in attributes.",
  );
}

function decode(bytes: Uint8Array, place: string): string {
  try {
    return decoder.decode(bytes);
  } catch {
    return malformedModel(`the attribute ${quoted(place)} is not valid UTF-8`);
  }
}
