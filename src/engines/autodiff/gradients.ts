/** Reverse-mode differentiation of a graph, by appending to it (Griewank and Walther, 2008, chapter 3). */
import type { Dimension, GraphValue } from "../../foundation/contracts/graph.js";
import { Expressions, type GraphNode, type OnnxGraph } from "../onnx/index.js";
import { type NodeUse, refusal } from "./operators/definition.js";
import { derivativeOf } from "./operators/table.js";

/**
 * Derivatives of a scalar with respect to values of the same graph (inputs, constants or results of nodes), each
 * in the shape of its value. Only paths from those values to the loss are followed.
 * @param seed cotangent of `loss`; default 1. With it, `loss` may have any shape.
 * @param leaves values taken as given: what they were made from is not followed
 * @throws QuernError TRAINING_FAILED naming an op that has no derivative but lies on a path
 * @throws Error when the loss does not depend on a value
 */
export function gradients(
  graph: OnnxGraph,
  loss: GraphValue,
  withRespectTo: readonly GraphValue[],
  seed?: GraphValue,
  leaves: readonly GraphValue[] = [],
): GraphValue[] {
  if (!seed && loss.shape.length > 0) throw new Error("A loss without a seed must be a scalar.");
  const start = { value: loss, cotangent: seed ?? graph.scalar(1, loss.type) };
  const sums = pullBack(graph, [start], withRespectTo, leaves);
  return withRespectTo.map((value) => {
    const sum = sums.get(value.name);
    if (!sum) throw new Error(`The loss does not depend on ${value.name}.`);
    return sum;
  });
}

interface Cotangent {
  readonly value: GraphValue;
  readonly cotangent: GraphValue;
}

/**
 * Cotangents of the values that some result depends on, by name.
 * @param leaves values taken as given: what they were made from is not followed
 */
function pullBack(
  graph: OnnxGraph,
  results: readonly Cotangent[],
  withRespectTo: readonly GraphValue[],
  leaves: readonly GraphValue[],
): Map<string, GraphValue> {
  const values = results.map(({ value }) => value);
  const nodes = ancestors(graph, values, new Set(leaves.map(({ name }) => name)));
  const active = activeValues(nodes, withRespectTo);
  const sums = new Map<string, GraphValue>();
  const add = (value: GraphValue, gradient: GraphValue) => {
    const own = sumTo(graph, gradient, value.shape);
    const known = sums.get(value.name);
    sums.set(value.name, known ? graph.op("Add", [known, own]) : own);
  };
  for (const { value, cotangent } of results) if (active.has(value.name)) add(value, cotangent);
  for (const node of nodes.reverse()) {
    const cotangents = node.outputs.map((output) => sums.get(output.name));
    if (!node.outputs.some((output) => active.has(output.name))) continue;
    if (cotangents.every((cotangent) => cotangent === undefined)) continue;
    for (const [index, gradient] of derive(graph, node, cotangents, active).entries()) {
      const input = node.inputs[index];
      if (input && gradient && active.has(input.name)) add(input, gradient);
    }
  }
  return sums;
}

/** Nodes that the values need, in the order of the graph. */
function ancestors(
  graph: OnnxGraph,
  values: readonly GraphValue[],
  leaves: ReadonlySet<string>,
): GraphNode[] {
  const found = new Set<GraphNode>();
  const open = [...values];
  for (let next = open.pop(); next; next = open.pop()) {
    const node = leaves.has(next.name) ? undefined : graph.nodeOf(next);
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
  active: ReadonlySet<string>,
): readonly (GraphValue | undefined)[] {
  const definition = derivativeOf(node.type);
  const [input, output] = [node.inputs[0]!, node.outputs[0]!];
  const use: NodeUse = { graph, x: new Expressions(graph), node, input, output };
  if (definition && "composition" in definition) {
    return deriveComposition(use, definition.composition(use), cotangents, active);
  }
  if (!definition || !("vjp" in definition)) {
    const why = definition && "notDifferentiable" in definition ? definition.notDifferentiable : "unknown op";
    throw refusal(node, why);
  }
  return definition.vjp({ ...use, c: cotangents[0] ?? zeros(graph, output), cotangents });
}

/** By the rules of the ops that an op is composed of; what they compute is computed again on the way back. */
function deriveComposition(
  { graph, node }: NodeUse,
  outputs: readonly (GraphValue | undefined)[],
  cotangents: readonly (GraphValue | undefined)[],
  active: ReadonlySet<string>,
): (GraphValue | undefined)[] {
  const results = cotangents.flatMap((cotangent, index): Cotangent[] => {
    if (!cotangent) return [];
    const value = outputs[index];
    if (!value) throw refusal(node, `its output ${index} has no rule`);
    return [{ value, cotangent }];
  });
  const given = node.inputs.filter((input) => input !== undefined);
  const wanted = given.filter((input) => active.has(input.name));
  const sums = pullBack(graph, results, wanted, given);
  // An input that is given twice has one sum.
  return node.inputs.map((input, index) =>
    input && node.inputs.findIndex((other) => other?.name === input.name) === index
      ? sums.get(input.name)
      : undefined,
  );
}

const zeros = (graph: OnnxGraph, value: GraphValue): GraphValue => new Expressions(graph).mul(value, 0);

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
