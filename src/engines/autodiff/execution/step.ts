/** One step as a graph: loss and gradients of single parameters. */
import type { ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import { Expressions, neededNodes, type OnnxGraph } from "../../onnx/index.js";
import { createDifferentiableGraph } from "../differentiable-graph.js";
import { gradients } from "../gradients.js";
import type { LossPart, StepGraph, TrainingDefinition } from "../training.js";

export interface BuiltStep {
  readonly graph: OnnxGraph;
  readonly loss: GraphValue;
  /** Of the parameters that the loss depends on, by name. */
  readonly gradients: ReadonlyMap<string, GraphValue>;
  /** What parameters of role `statistic` become, by name. */
  readonly updates: ReadonlyMap<string, GraphValue>;
}

/** Inputs: every parameter under its own name, shared and per-step tensors under theirs. */
export function buildStep({ parameters, shared, perStep, loss }: TrainingDefinition, form = 0): BuiltStep {
  const graph = createDifferentiableGraph("step");
  const values = new Map<string, GraphValue>();
  const trained = new Set<string>();
  for (const { name, shape, role = "trained" } of parameters) {
    values.set(name, graph.input(parameterInput(name), "float32", shape));
    if (role === "trained") trained.add(name);
  }
  const inputs = new Map<string, GraphValue>();
  for (const [name, { type, shape }] of [...Object.entries(shared), ...Object.entries(perStep)]) {
    inputs.set(name, graph.input(name, type as ElementType, shape));
  }
  const updates = new Map<string, GraphValue>();
  const step: StepGraph = {
    graph,
    x: new Expressions(graph),
    form,
    parameter: known(values),
    input: known(inputs),
    update: (name, next) => updates.set(name, next),
  };
  if (typeof loss !== "function") return { ...differentiateParts(step, loss, trained), updates };
  const value = loss(step);
  const reached = reachedInputs(graph, value);
  const used = [...values].filter(([name, { name: input }]) => trained.has(name) && reached.has(input));
  const found = gradients(
    graph,
    value,
    used.map(([, parameter]) => parameter),
  );
  return { graph, loss: value, gradients: new Map(used.map(([name], k) => [name, found[k]!])), updates };
}

export const parameterInput = (name: string): string => `parameter:${name}`;

/** Looks tensors up by name. @throws Error for one that is not there: a bug of the caller */
export function known(values: ReadonlyMap<string, GraphValue>): (name: string) => GraphValue {
  return (name) => {
    const value = values.get(name);
    if (!value) throw new Error(`The training has no tensor ${JSON.stringify(name)}.`);
    return value;
  };
}

/** Names of the graph's inputs that a value is computed from. */
function reachedInputs(graph: OnnxGraph, value: GraphValue): Set<string> {
  const read = neededNodes(graph, [value]).flatMap(({ inputs }) => inputs);
  return new Set([value, ...read].flatMap((input) => (input ? [input.name] : [])));
}

/**
 * Forward through all parts; backward from the last to the first, each part computed anew from the value that it
 * got. The new computation waits for the cotangent it is needed for: otherwise the builder and the runtime would see
 * that it equals the first one, and keep that.
 */
function differentiateParts(
  step: StepGraph,
  parts: readonly LossPart[],
  trained: ReadonlySet<string>,
): Omit<BuiltStep, "updates"> {
  const { graph, x } = step;
  const given: (GraphValue | undefined)[] = [undefined];
  for (const part of parts) given.push(part(step, given.at(-1)));
  const loss = given.at(-1)!;
  const sums = new Map<string, GraphValue>();
  let cotangent: GraphValue | undefined;
  for (let k = parts.length - 1; k >= 0; k--) {
    const waiting = given[k] && cotangent && after(x, given[k]!, cotangent);
    const start = waiting ?? given[k];
    const used = new Map<string, GraphValue>();
    const recording = {
      ...step,
      parameter(name: string) {
        const value = step.parameter(name);
        const own = cotangent && !waiting ? after(x, value, cotangent) : value;
        if (!used.has(name)) used.set(name, own);
        return used.get(name)!;
      },
      // Statistics change once a step.
      update: () => undefined,
    };
    const value = parts[k]!(recording, start);
    const reached = reachedInputs(graph, value);
    const names = [...used].filter(([name, { name: value }]) => trained.has(name) && reached.has(value));
    const targets = [...(start ? [start] : []), ...names.map(([, parameter]) => parameter)];
    const found = gradients(graph, value, targets, cotangent, start ? [start] : []);
    for (const [index, [name]] of names.entries()) {
      const gradient = found[index + (start ? 1 : 0)]!;
      const sum = sums.get(name);
      sums.set(name, sum ? x.add(sum, gradient) : gradient);
    }
    cotangent = start && found[0];
  }
  return { graph, loss, gradients: sums };
}

/** The value itself, but not before another one is known. */
function after(x: Expressions, value: GraphValue, other: GraphValue): GraphValue {
  const flat = x.reshape(other, [-1]);
  const first = x.graph.op("Slice", [flat, x.integers([0]), x.integers([1])]);
  return x.add(value, x.mul(x.reshape(first, []), 0));
}
