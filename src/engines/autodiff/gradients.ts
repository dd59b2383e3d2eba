/** Reverse-mode differentiation of a graph, by appending to it (Griewank and Walther, 2008, chapter 3). */
import type { Dimension, GraphValue } from "../../foundation/contracts/graph.js";
import { elementCount } from "../../foundation/contracts/tensor.js";
import { Expressions, type GraphNode, isStatic, neededNodes, type OnnxGraph } from "../onnx/index.js";
import { type NodeUse, refusal, type SummedProduct } from "./operators/definition.js";
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
    const sum = sums.of(value);
    if (!sum) throw new Error(`The loss does not depend on ${value.name}.`);
    return sum;
  });
}

interface Cotangent {
  readonly value: GraphValue;
  readonly cotangent: GraphValue;
}

/**
 * Cotangents of the values that some result depends on.
 * @param leaves values taken as given: what they were made from is not followed
 */
function pullBack(
  graph: OnnxGraph,
  results: readonly Cotangent[],
  withRespectTo: readonly GraphValue[],
  leaves: readonly GraphValue[],
): CotangentSums {
  const values = results.map(({ value }) => value);
  const nodes = neededNodes(graph, values, new Set(leaves.map(({ name }) => name)));
  const active = activeValues(nodes, withRespectTo);
  const sums = new CotangentSums(graph);
  for (const { value, cotangent } of results) if (active.has(value.name)) sums.add(value, cotangent);
  const uses = new Map<string, number>();
  for (const { inputs } of nodes) {
    for (const input of inputs) if (input) uses.set(input.name, (uses.get(input.name) ?? 0) + 1);
  }
  for (const node of nodes.reverse()) {
    const cotangents = node.outputs.map((output) => sums.of(output));
    const isReached = cotangents.some((cotangent) => cotangent !== undefined);
    const found = isReached ? derive(graph, node, cotangents, active) : [];
    for (const [index, input] of node.inputs.entries()) {
      if (!input || !active.has(input.name)) continue;
      const gradient = found[index];
      if (gradient) sums.add(input, gradient);
      const left = uses.get(input.name)! - 1;
      uses.set(input.name, left);
      // Not later: what the products are made of would be kept in memory.
      if (left === 0) sums.of(input);
    }
  }
  return sums;
}

/** Products of more rows are fast by themselves, and joining them would keep large values in memory. */
const JOINED_ROWS = 256;

function joined(graph: OnnxGraph, products: readonly SummedProduct[]): GraphValue {
  const x = new Expressions(graph);
  const rows = products.map((product) => product.rows);
  const cotangents = products.map((product) => product.cotangents);
  const attributes = { transA: { int: 1 } };
  return graph.op("Gemm", [x.concat(rows, 0), x.concat(cotangents, 0)], { attributes });
}

/** What came back to each value so far. */
class CotangentSums {
  readonly #graph: OnnxGraph;
  readonly #sums = new Map<string, GraphValue>();
  readonly #products = new Map<string, SummedProduct[]>();

  constructor(graph: OnnxGraph) {
    this.#graph = graph;
  }

  add(value: GraphValue, gradient: GraphValue | SummedProduct): void {
    if ("rows" in gradient && Number(gradient.rows.shape[0]) <= JOINED_ROWS) {
      const products = this.#products.get(value.name);
      if (products) products.push(gradient);
      else this.#products.set(value.name, [gradient]);
      return;
    }
    this.#addSum(value, "rows" in gradient ? joined(this.#graph, [gradient]) : gradient);
  }

  #addSum(value: GraphValue, gradient: GraphValue): void {
    const own = sumTo(this.#graph, gradient, value.shape);
    const known = this.#sums.get(value.name);
    this.#sums.set(value.name, known ? this.#graph.op("Add", [known, own]) : own);
  }

  /** In the shape of the value; `undefined` where nothing came back. */
  of(value: GraphValue): GraphValue | undefined {
    const products = this.#products.get(value.name);
    if (products) {
      this.#products.delete(value.name);
      this.#addSum(value, joined(this.#graph, products));
    }
    return this.#sums.get(value.name);
  }
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
): readonly (GraphValue | SummedProduct | undefined)[] {
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
      ? sums.of(input)
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
  const rows = sumOfRows(x, gradient, shape, repeated);
  if (rows) return rows;
  const summed = x.sum(gradient, repeated, true);
  if (added === 0) return summed;
  const dropped = Array.from({ length: added }, (_, axis) => axis);
  return graph.op("Squeeze", [summed, x.integers(dropped)]);
}

/** Up to so many, their sum as a product takes a tenth of the time that the runtime's sum does on two threads. */
const SUMMED_ROWS = 2 ** 12;

/** The sum over the first dimensions, as ones times rows; `undefined` where it has another form. */
function sumOfRows(
  x: Expressions,
  gradient: GraphValue,
  shape: readonly Dimension[],
  axes: readonly number[],
): GraphValue | undefined {
  if (gradient.type !== "float32" || !isStatic(gradient.shape) || !isStatic(shape)) return undefined;
  const rows = elementCount(gradient.shape.slice(0, axes.length));
  const columns = elementCount(gradient.shape.slice(axes.length));
  const areFirst = axes.every((axis, index) => axis === index);
  if (!areFirst || columns === 1 || rows > SUMMED_ROWS) return undefined;
  const ones = x.graph.constant("float32", [1, rows], new Float32Array(rows).fill(1));
  return x.reshape(x.graph.op("Gemm", [ones, x.reshape(gradient, [rows, columns])]), shape);
}
