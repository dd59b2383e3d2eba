/** Reverse-mode differentiation of a graph, by appending to it (Griewank and Walther, 2008, chapter 3). */
import { QuernError } from "../../foundation/base/errors.js";
import type { Dimension, GraphValue } from "../../foundation/contracts/graph.js";
import { Expressions, type GraphNode, type OnnxGraph } from "../onnx/index.js";
import type { Derivation, OpDefinition } from "./operators/definition.js";
import { derivativeOf } from "./operators/table.js";

/**
 * Derivatives of a scalar with respect to values of the same graph (inputs, constants or results of nodes), each
 * in the shape of its value. Only paths from those values to the loss are followed.
 * @param seed cotangent of `loss`; default 1. With it, `loss` may have any shape.
 * @throws QuernError TRAINING_FAILED naming an op that has no derivative but lies on a path
 * @throws Error when the loss does not depend on a value
 */
export function gradients(
  graph: OnnxGraph,
  loss: GraphValue,
  withRespectTo: readonly GraphValue[],
  seed?: GraphValue,
): GraphValue[] {
  if (!seed && loss.shape.length > 0) throw new Error("A loss without a seed must be a scalar.");
  const nodes = ancestors(graph, loss);
  const active = activeValues(nodes, withRespectTo);
  const sums = new Map<string, GraphValue>([[loss.name, seed ?? graph.scalar(1, loss.type)]]);
  for (const node of nodes.reverse()) {
    const cotangents = node.outputs.map((output) => sums.get(output.name));
    if (!node.outputs.some((output) => active.has(output.name))) continue;
    if (cotangents.every((cotangent) => cotangent === undefined)) continue;
    for (const [index, gradient] of derive(graph, node, cotangents).entries()) {
      const input = node.inputs[index];
      if (!input || !gradient || !active.has(input.name)) continue;
      const own = sumTo(graph, gradient, input.shape);
      const known = sums.get(input.name);
      sums.set(input.name, known ? graph.op("Add", [known, own]) : own);
    }
  }
  return withRespectTo.map((value) => {
    const sum = sums.get(value.name);
    if (!sum || !active.has(value.name)) throw new Error(`The loss does not depend on ${value.name}.`);
    return sum;
  });
}

/** Nodes that the value needs, in the order of the graph. */
function ancestors(graph: OnnxGraph, value: GraphValue): GraphNode[] {
  const found = new Set<GraphNode>();
  const open = [value];
  for (let next = open.pop(); next; next = open.pop()) {
    const node = graph.nodeOf(next);
    if (!node || found.has(node)) continue;
    found.add(node);
    for (const input of node.inputs) if (input) open.push(input);
  }
  return [...found].sort((a, b) => a.position - b.position);
}

/** Names of real-valued results that change smoothly with one of the values, and those values. */
function activeValues(nodes: readonly GraphNode[], from: readonly GraphValue[]): Set<string> {
  const active = new Set(from.map((value) => value.name));
  for (const node of nodes) {
    if (!node.inputs.some((input) => input && active.has(input.name))) continue;
    const definition = derivativeOf(node.type);
    if (definition && "piecewiseConstant" in definition) continue;
    for (const { name, type } of node.outputs) {
      if (type === "float32" || type === "float64") active.add(name);
    }
  }
  return active;
}

function derive(
  graph: OnnxGraph,
  node: GraphNode,
  cotangents: readonly (GraphValue | undefined)[],
): readonly (GraphValue | undefined)[] {
  const definition = derivativeOf(node.type);
  if (!definition || !("vjp" in definition)) throw refused(node, definition);
  const [input, output] = [node.inputs[0]!, node.outputs[0]!];
  const derivation: Derivation = {
    graph,
    x: new Expressions(graph),
    node,
    input,
    output,
    c: cotangents[0] ?? zeros(graph, output),
    cotangents,
  };
  return definition.vjp(derivation);
}

const zeros = (graph: OnnxGraph, value: GraphValue): GraphValue => new Expressions(graph).mul(value, 0);

function refused({ type, outputs }: GraphNode, definition: OpDefinition | undefined): QuernError {
  const why =
    definition && "notDifferentiable" in definition ? definition.notDifferentiable : "it is unknown";
  return new QuernError("TRAINING_FAILED", `The op ${type} has no derivative: ${why}.`, {
    hint: "Keep the op out of the part of the network that is trained.",
    details: { operator: type, value: outputs[0]?.name },
  });
}

/** Sums over the dimensions along which a value of `shape` was repeated. */
function sumTo(graph: OnnxGraph, gradient: GraphValue, shape: readonly Dimension[]): GraphValue {
  const added = gradient.shape.length - shape.length;
  const repeated = gradient.shape.flatMap((size, axis) => {
    const own = shape[axis - added];
    if (own === undefined || own === size) return own === undefined ? [axis] : [];
    if (own === 1) return [axis];
    throw new Error(`Whether size ${own} was repeated to ${size} is not known before the graph runs.`);
  });
  const x = new Expressions(graph);
  if (repeated.length === 0)
    return added === 0 ? gradient : x.reshape(gradient, x.integers(shape as number[]));
  const summed = x.sum(gradient, repeated, true);
  if (added === 0) return summed;
  const dropped = Array.from({ length: added }, (_, axis) => axis);
  return graph.op("Squeeze", [summed, x.integers(dropped)]);
}
