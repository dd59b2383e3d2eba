/**
 * A graph repeated inside the runtime: one ONNX Loop (operator set 21). What a turn carries to the next never
 * leaves native memory between them.
 */
import type { Dimension, GraphValue } from "../../foundation/contracts/graph.js";
import { type OnnxGraph, valueInfo } from "./graph-builder.js";
import { ATTRIBUTE_TYPE, type ModelProto, type NodeProto } from "./protobuf/messages.js";

export interface LoopBody {
  /** Built for this loop alone; it gets outputs here. Inputs not named below are the same in every turn. */
  readonly graph: OnnxGraph;
  /** Int64 scalar input: 0, 1, … */
  readonly turn: GraphValue;
  /** Inputs that are replaced by a value of the turn before. */
  readonly carried: readonly { readonly input: GraphValue; readonly next: GraphValue }[];
  /** Values of every turn, stacked along a new first dimension, by the name they get. */
  readonly collected: Readonly<Record<string, GraphValue>>;
}

/** Int64 scalar input of the loop model: how many turns. */
export const TURNS = "turns";
/** Input of the loop model: what a carried input is in the first turn. */
export const startOf = (name: string): string => `start:${name}`;
/** Output of the loop model: what a carried input would be in the turn after the last. */
export const endOf = (name: string): string => `end:${name}`;
/** Inside the body, which may not use a name of the graph around it. */
const inside = (name: string): string => `next:${name}`;

/** Inputs: `turns`, `start:` of each carried one, the shared ones. Outputs: `end:` of each, the collected. */
export function loopModel({ graph, turn, carried, collected }: LoopBody): ModelProto {
  for (const { input, next } of carried) graph.output(inside(input.name), next);
  for (const [name, value] of Object.entries(collected)) graph.output(inside(name), value);
  const model = graph.toModel();
  const { node = [], initializer = [], input: inputs = [], output = [], name } = model.graph!;
  const own = new Set([turn.name, ...carried.map(({ input }) => input.name)]);
  const condition: GraphValue = { name: "condition", type: "bool", shape: [] };
  const unchanged: GraphValue = { ...condition, name: inside("condition") };
  const body = {
    name: `${name}-turn`,
    node: [...node, { opType: "Identity", input: [condition.name], output: [unchanged.name] }],
    input: [turn, condition, ...carried.map(({ input }) => input)].map((value) => valueInfo(value)),
    output: [valueInfo(unchanged), ...output],
  };
  const loop: NodeProto = {
    opType: "Loop",
    name: "loop",
    input: [TURNS, "", ...carried.map(({ input }) => startOf(input.name))],
    output: [...carried.map(({ input }) => endOf(input.name)), ...Object.keys(collected)],
    attribute: [{ name: "body", g: body, type: ATTRIBUTE_TYPE.g }],
  };
  const stacked = (value: GraphValue): readonly Dimension[] => [TURNS, ...value.shape];
  return {
    ...model,
    graph: {
      name: name ?? "loop",
      node: [loop],
      ...(initializer.length > 0 ? { initializer } : {}),
      input: [
        valueInfo({ name: TURNS, type: "int64", shape: [] }),
        ...carried.map(({ input }) => valueInfo(input, startOf(input.name))),
        ...inputs.filter((info) => !own.has(info.name ?? "")),
      ],
      output: [
        ...carried.map(({ input }) => valueInfo(input, endOf(input.name))),
        ...Object.entries(collected).map(([as, value]) =>
          valueInfo({ name: as, type: value.type, shape: stacked(value) }),
        ),
      ],
    },
  };
}
