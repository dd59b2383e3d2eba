import type { GraphProto, NodeProto } from "../protobuf/messages.js";
import { malformedModel, quoted } from "./limits.js";
import { graphOf, type SourceModel } from "./source-model.js";

/**
 * The model up to the given values, which become its outputs; what only its other outputs need is left out, so that ops
 * behind the cut need no counterpart.
 * @param values names of values that a node makes
 * @throws QuernError MODEL_REFUSED for a value that no node makes
 */
export function cutModel(source: SourceModel, values: readonly string[]): SourceModel {
  const graph = graphOf(source.model);
  const makers = new Map<string, NodeProto>();
  for (const node of graph.node ?? []) for (const name of node.output ?? []) makers.set(name, node);
  for (const value of values) {
    if (!makers.has(value)) malformedModel(`no node makes the value ${quoted(value)}`);
  }
  const needed = new Set<NodeProto>();
  const open = [...values];
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    const node = makers.get(name);
    if (!node || needed.has(node)) continue;
    needed.add(node);
    open.push(...namesRead(node));
  }
  const node = (graph.node ?? []).filter((candidate) => needed.has(candidate));
  const output = values.map((name) => ({ name }));
  return { ...source, model: { ...source.model, graph: { ...graph, node, output } } };
}

/** Branches read values of the graph around them too. */
function namesRead({ input = [], attribute = [] }: NodeProto): string[] {
  const inner = attribute.flatMap(({ g }) => (g ? namesReadInside(g) : []));
  return [...input.filter((name) => name !== ""), ...inner];
}

function namesReadInside({ node = [], output = [] }: GraphProto): string[] {
  return [...node.flatMap(namesRead), ...output.flatMap(({ name }) => (name ? [name] : []))];
}
