import type { AttributeValue, GraphValue } from "../../foundation/contracts/graph.js";
import { toAttributeProto } from "./attributes.js";
import type { NodeProto } from "./protobuf/messages.js";

/** Ops of the runtime's own: for graphs that only this process runs, never for a file. */
export const RUNTIME_DOMAIN = "com.microsoft";

/** One use of an op in a graph in SSA form: each value is made by one node, which comes before its users. */
export interface GraphNode {
  readonly type: string;
  readonly domain: "" | "ai.onnx.ml" | typeof RUNTIME_DOMAIN;
  /** `undefined` for an optional input that is left out. */
  readonly inputs: readonly (GraphValue | undefined)[];
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly outputs: readonly GraphValue[];
  /** Place in the order in which the nodes were appended. */
  readonly position: number;
}

/** The node as ONNX writes it; it carries the name of its first output. */
export function toNodeProto(
  { type, domain, inputs, attributes, outputs }: Omit<GraphNode, "position">,
  rename: (name: string) => string = (name) => name,
): NodeProto {
  const proto: NodeProto = { opType: type };
  if (inputs.length > 0) proto.input = inputs.map((input) => (input ? rename(input.name) : ""));
  if (domain !== "") proto.domain = domain;
  const names = Object.keys(attributes).sort();
  if (names.length > 0) proto.attribute = names.map((name) => toAttributeProto(name, attributes[name]!));
  if (outputs.length === 0) return proto;
  return { ...proto, name: outputs[0]!.name, output: outputs.map(({ name }) => rename(name)) };
}
