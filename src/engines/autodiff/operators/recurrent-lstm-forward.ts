/**
 * LSTM step by step, for networks that learn: the runtime's own kernel gives out neither gates nor cells, and to compute
 * them again costs as much as the layer.
 */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { isStatic } from "../../onnx/index.js";
import { integerAttribute, type OpUse } from "./definition.js";
import {
  isTurned,
  lastingPlaces,
  ordered,
  RECURRENT_INPUTS,
  taken,
  zeroStates,
} from "./recurrent-sequences.js";

/** One direction with time running forward; rows of all steps one after the other, R = T N. */
export interface LstmPass {
  /** [R, I]. */
  readonly input: GraphValue;
  /** [4 H, I], [4 H, H]: gates in the order of the standard: input, output, forget, cell. */
  readonly inputWeight: GraphValue;
  readonly stateWeight: GraphValue;
  readonly steps: number;
  readonly batch: number;
  readonly hidden: number;
}

/** What the way back needs of a direction. */
export interface LstmKept {
  /** Input, output and forget gates after the logistic function, [R, 3 H]. */
  readonly gates: GraphValue;
  /** After tanh, [R, H]. */
  readonly candidates: GraphValue;
  /** tanh of the cells after each step, [R, H]. */
  readonly curved: GraphValue;
  /** Cells and states before each step, [R, H]. */
  readonly cells: GraphValue;
  readonly states: GraphValue;
}
const KEPT = ["gates", "candidates", "curved", "cells", "states"] as const;
const OUTPUTS = 3;

export const keptOf = (values: readonly GraphValue[], direction: number): LstmKept =>
  Object.fromEntries(
    KEPT.map((name, k) => [name, values[OUTPUTS + direction * KEPT.length + k]!]),
  ) as unknown as LstmKept;

export const isKept = (values: readonly GraphValue[]): boolean => values.length > OUTPUTS;

/** @throws Error for sizes that are known only at run time; see `lstmForward` */
export function lstmPass(use: OpUse, direction: number): LstmPass {
  const { x, input, node } = use;
  const [steps, batch, width] = input.shape as [number, number, number];
  const stateWeight = taken(use, node.inputs[RECURRENT_INPUTS.stateWeight]!, direction);
  return {
    input: x.reshape(ordered(use, input, isTurned(use, direction)), [steps * batch, width]),
    inputWeight: taken(use, node.inputs[RECURRENT_INPUTS.weight]!, direction),
    stateWeight,
    ...{ steps, batch, hidden: Number(stateWeight.shape[1]) },
  };
}

/**
 * The outputs of the standard (Y, Y_h, Y_c), then what is kept of each direction; `undefined` where the op has no rule, which
 * then says why.
 */
export function lstmForward(use: OpUse): readonly GraphValue[] | undefined {
  const { x, input, node } = use;
  const weight = node.inputs[RECURRENT_INPUTS.stateWeight]!;
  if (!isStatic(input.shape) || !isStatic(weight.shape) || whyNotLstm(use)) return undefined;
  const results = Array.from({ length: weight.shape[0]! }, (_, direction) => stepped(use, direction));
  const stacked = (of: (result: Stepped) => GraphValue, axis: number) => x.concat(results.map(of), axis);
  return [
    stacked(({ states }) => states, 1),
    stacked(({ lastState }) => lastState, 0),
    stacked(({ lastCell }) => lastCell, 0),
    ...results.flatMap(({ kept }) => KEPT.map((name) => kept[name])),
  ];
}

/** Why there is no rule; `undefined`: there is one. */
export function whyNotLstm({ node }: OpUse): string | undefined {
  const { activations, clip } = node.attributes;
  const usual = ["sigmoid", "tanh", "tanh"];
  if (integerAttribute(node, "input_forget", 0) === 1) return "its gates are coupled";
  if (clip) return "its states are clipped";
  if (node.inputs[RECURRENT_INPUTS.peepholes]) return "gates see the cell (peepholes)";
  if (!activations || !("strings" in activations)) return undefined;
  const differs = activations.strings.some((name, k) => name.toLowerCase() !== usual[k % usual.length]);
  return differs ? `its activations are ${activations.strings.join(", ")}` : undefined;
}

interface Stepped {
  /** In the order of the input, [T, 1, N, H]; 0 beyond the end of a sequence. */
  readonly states: GraphValue;
  /** [1, N, H]. */
  readonly lastState: GraphValue;
  readonly lastCell: GraphValue;
  readonly kept: LstmKept;
}

function stepped(use: OpUse, direction: number): Stepped {
  const { x, node } = use;
  const pass = lstmPass(use, direction);
  const { steps, batch, hidden } = pass;
  const first = (index: number) => {
    const given = node.inputs[index];
    return given && x.reshape(taken(use, given, direction), [batch, hidden]);
  };
  const [state, cell] = [first(RECURRENT_INPUTS.firstState), first(RECURRENT_INPUTS.firstCell)];
  const all = lstmSteps(use, pass, biasOf(use, direction, hidden), state, cell);
  const zero = zeroStates(use, [batch, hidden]);
  const before = (values: readonly GraphValue[], start: GraphValue | undefined) =>
    x.concat([start ?? zero, ...values.slice(0, -1)], 0);
  const kept: LstmKept = {
    gates: x.concat(all.gates, 0),
    candidates: x.concat(all.candidates, 0),
    curved: x.concat(all.curved, 0),
    cells: before(all.cells, cell),
    states: before(all.states, state),
  };
  const places = lastingPlaces(use, steps);
  const last = (values: readonly GraphValue[], start: GraphValue | undefined) => {
    if (!places) return x.reshape(values.at(-1)!, [1, batch, hidden]);
    const whole = x.reshape(x.concat([start ?? zero, ...values], 0), [steps + 1, batch, hidden]);
    return x.sum(x.mul(whole, places.isEnd), [0], true);
  };
  const together = x.reshape(x.concat(all.states, 0), [steps, batch, hidden]);
  const lasting = places ? x.mul(together, places.lasts) : together;
  return {
    states: x.unsqueeze(ordered(use, lasting, isTurned(use, direction)), [1]),
    lastState: last(all.states, state),
    lastCell: last(all.cells, cell),
    kept,
  };
}

/** [4 H]: both biases of a gate are only ever added. */
function biasOf(use: OpUse, direction: number, hidden: number): GraphValue | undefined {
  const given = use.node.inputs[RECURRENT_INPUTS.bias];
  if (!given) return undefined;
  const [own, ofState] = use.x.split(taken(use, given, direction), [4 * hidden, 4 * hidden], 0);
  return use.x.add(own!, ofState!);
}

/** Each value [N, ...] of each step. What comes after the end of a sequence is computed too, and not looked at. */
function lstmSteps(
  { graph, x }: OpUse,
  { input, inputWeight, stateWeight, steps, batch, hidden }: LstmPass,
  bias: GraphValue | undefined,
  firstState: GraphValue | undefined,
  firstCell: GraphValue | undefined,
) {
  const attributes = { transB: { int: 1 } };
  const product = (left: GraphValue, right: GraphValue, added: GraphValue | undefined) =>
    graph.op("Gemm", added ? [left, right, added] : [left, right], { attributes });
  const fromInput = x.split(product(input, inputWeight, bias), new Array<number>(steps).fill(batch), 0);
  const made = { gates: [], candidates: [], curved: [], cells: [], states: [] } as Record<
    (typeof KEPT)[number],
    GraphValue[]
  >;
  let [state, cell] = [firstState, firstCell];
  for (const own of fromInput) {
    const sums = state ? product(state, stateWeight, own) : own;
    const [logistic, cellSums] = x.split(sums, [3 * hidden, hidden], 1);
    const [gates, candidate] = [x.apply("Sigmoid", logistic!), x.apply("Tanh", cellSums!)];
    const [enter, leave, forget] = x.split(gates, [hidden, hidden, hidden], 1);
    const entering = x.mul(enter!, candidate);
    cell = cell ? x.add(x.mul(forget!, cell), entering) : entering;
    const curved = x.apply("Tanh", cell);
    state = x.mul(leave!, curved);
    made.gates.push(gates);
    made.candidates.push(candidate);
    made.curved.push(curved);
    made.cells.push(cell);
    made.states.push(state);
  }
  return made;
}
