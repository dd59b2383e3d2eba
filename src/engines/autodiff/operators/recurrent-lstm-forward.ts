/**
 * LSTM step by step, for networks that learn: the runtime's own kernel gives out neither gates nor cells, and to compute
 * them again costs as much as the layer. Inside, rows are features and columns are sequences: weights are then the left
 * side of the products, which the runtime uses as they lie (it copies the right side anew in every step), and gates are
 * cut and joined without a stride.
 */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { isStatic } from "../../onnx/index.js";
import { integerAttribute, type OpUse } from "./definition.js";
import {
  isTurned,
  laid,
  lastingPlaces,
  ordered,
  RECURRENT_INPUTS,
  taken,
  zeroStates,
} from "./recurrent-sequences.js";

/** One direction with time running forward. */
export interface LstmPass {
  /** By step, [T, I, N]. */
  readonly input: GraphValue;
  /** [4 H, I], [4 H, H]: gates in the order of the standard: input, output, forget, cell. */
  readonly inputWeight: GraphValue;
  readonly stateWeight: GraphValue;
  /** Before the first step, [H, N]. */
  readonly firstState: GraphValue;
  readonly firstCell: GraphValue;
  readonly steps: number;
  readonly batch: number;
  readonly width: number;
  readonly hidden: number;
}

/** What the way back needs of a step. */
export interface LstmStep {
  /** What goes into the products: the input and the state before, [I + H, N]. */
  readonly given: GraphValue;
  /** Input, output and forget gate, after the logistic function: together [3 H, N], then each [H, N], as all below. */
  readonly gates: GraphValue;
  readonly enter: GraphValue;
  readonly leave: GraphValue;
  readonly forget: GraphValue;
  /** After tanh. */
  readonly candidate: GraphValue;
  /** What the gates let through: of the candidate, and of the cell before. */
  readonly entered: GraphValue;
  readonly kept: GraphValue;
  readonly cell: GraphValue;
  /** tanh of the cell. */
  readonly curved: GraphValue;
  readonly state: GraphValue;
}
const KEPT = [
  ...(["given", "gates", "enter", "leave", "forget"] as const),
  ...(["candidate", "entered", "kept", "cell", "curved", "state"] as const),
];
const OUTPUTS = 3;

/** The steps of one direction, from the outputs that `lstmForward` gave. */
export function keptSteps(values: readonly GraphValue[], direction: number, steps: number): LstmStep[] {
  const start = OUTPUTS + direction * steps * KEPT.length;
  return Array.from(
    { length: steps },
    (_, step) =>
      Object.fromEntries(KEPT.map((name, k) => [name, values[start + step * KEPT.length + k]!])) as Record<
        (typeof KEPT)[number],
        GraphValue
      >,
  );
}

export const isKept = (values: readonly GraphValue[]): boolean => values.length > OUTPUTS;

/** @throws Error for sizes that are known only at run time; see `lstmForward` */
export function lstmPass(use: OpUse, direction: number): LstmPass {
  const { x, input, node } = use;
  const [steps, batch, width] = input.shape as [number, number, number];
  const stateWeight = taken(use, node.inputs[RECURRENT_INPUTS.stateWeight]!, direction);
  const hidden = Number(stateWeight.shape[1]);
  const first = (index: number) => {
    const given = node.inputs[index];
    if (!given) return zeroStates(use, [hidden, batch]);
    return x.transpose(x.reshape(taken(use, given, direction), [batch, hidden]), [1, 0]);
  };
  return {
    input: x.transpose(ordered(use, input, isTurned(use, direction)), [0, 2, 1]),
    inputWeight: taken(use, node.inputs[RECURRENT_INPUTS.weight]!, direction),
    stateWeight,
    firstState: first(RECURRENT_INPUTS.firstState),
    firstCell: first(RECURRENT_INPUTS.firstCell),
    ...{ steps, batch, width, hidden },
  };
}

/**
 * The outputs of the standard (Y, Y_h, Y_c), then what is kept of the steps of each direction; `undefined` where the op has
 * no rule, which then says why.
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
    ...results.flatMap(({ steps }) => steps.flatMap((step) => KEPT.map((name) => step[name]))),
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
  readonly steps: readonly LstmStep[];
}

function stepped(use: OpUse, direction: number): Stepped {
  const { x } = use;
  const pass = lstmPass(use, direction);
  const { steps: count, batch, hidden } = pass;
  const steps = lstmSteps(use, pass, biasOf(use, direction, hidden));
  /** From the columns of each step to [count, N, H]. */
  const byRow = (values: readonly GraphValue[]) =>
    x.transpose(x.reshape(x.concat(values, 0), [values.length, hidden, batch]), [0, 2, 1]);
  const places = lastingPlaces(use, count);
  const last = (values: readonly GraphValue[], start: GraphValue) => {
    if (!places) return byRow(values.slice(-1));
    return x.sum(x.mul(byRow([start, ...values]), places.isEnd), [0], true);
  };
  const states = steps.map(({ state }) => state);
  const together = byRow(states);
  return {
    states: x.unsqueeze(
      ordered(use, places ? x.mul(together, places.lasts) : together, isTurned(use, direction)),
      [1],
    ),
    lastState: last(states, pass.firstState),
    lastCell: last(
      steps.map(({ cell }) => cell),
      pass.firstCell,
    ),
    steps,
  };
}

/** [4 H, 1]: both biases of a gate are only ever added. */
function biasOf(use: OpUse, direction: number, hidden: number): GraphValue | undefined {
  const given = use.node.inputs[RECURRENT_INPUTS.bias];
  if (!given) return undefined;
  const [own, ofState] = use.x.split(taken(use, given, direction), [4 * hidden, 4 * hidden], 0);
  return use.x.unsqueeze(use.x.add(own!, ofState!), [1]);
}

/** What comes after the end of a sequence is computed too, and not looked at. */
function lstmSteps(use: OpUse, pass: LstmPass, bias: GraphValue | undefined): LstmStep[] {
  const { graph, x } = use;
  const { steps, batch, hidden } = pass;
  const columns = [laid(use, pass.inputWeight), ...(bias ? [bias] : []), laid(use, pass.stateWeight)];
  const [toGates, toCandidate] = x.split(x.concat(columns, 1), [3 * hidden, hidden], 0);
  // A bias is one more feature that is always 1: the runtime writes a column into a product number by number.
  const ones =
    bias && x.graph.constant("float32", [steps, 1, batch], new Float32Array(steps * batch).fill(1));
  const input = ones ? x.concat([pass.input, ones], 1) : pass.input;
  const height = Number(input.shape[1]);
  const arriving = x.split(x.reshape(input, [-1, batch]), new Array<number>(steps).fill(height), 0);
  const made: LstmStep[] = [];
  let [state, cell] = [pass.firstState, pass.firstCell];
  for (const arrived of arriving) {
    const given = x.concat([arrived, state], 0);
    // The runtime computes what stands right behind a product within it.
    const gates = x.apply("Sigmoid", graph.op("Gemm", [toGates!, given]));
    const candidate = x.apply("Tanh", graph.op("Gemm", [toCandidate!, given]));
    const [enter, leave, forget] = x.split(gates, [hidden, hidden, hidden], 0) as [
      GraphValue,
      GraphValue,
      GraphValue,
    ];
    const [entered, kept] = [x.mul(enter, candidate), x.mul(forget, cell)];
    cell = x.add(kept, entered);
    const curved = x.apply("Tanh", cell);
    state = x.mul(leave, curved);
    made.push({ given, gates, enter, leave, forget, candidate, entered, kept, cell, curved, state });
  }
  return made;
}
