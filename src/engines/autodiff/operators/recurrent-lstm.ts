/** LSTM: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, refusal, staticSizes } from "./definition.js";
import {
  isKept,
  keptSteps,
  type LstmPass,
  type LstmStep,
  lstmForward,
  lstmPass,
  whyNotLstm,
} from "./recurrent-lstm-forward.js";
import {
  isTurned,
  lastingPlaces,
  ordered,
  RECURRENT_INPUTS,
  taken,
  turned,
  zeroStates,
} from "./recurrent-sequences.js";

/**
 * A step of the way back is one product and elementwise ops on what just passed through the cache: slopes of all steps at
 * once would be fewer ops, but go to memory and back. Gradients of the weights are one product over all steps (Appleyard,
 * Kocisky and Blunsom, 2016). Columns are sequences, as on the way forward.
 */
export function lstmVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, node } = d;
  const why = whyNotLstm(d);
  if (why) throw refusal(node, why);
  staticSizes(d, d.input.shape);
  const [directions] = staticSizes(d, node.inputs[RECURRENT_INPUTS.stateWeight]!.shape) as [number];
  const values = isKept(node.outputs) ? node.outputs : lstmForward(d)!;
  const results = Array.from({ length: directions }, (_, direction) => lstmBackward(d, direction, values));
  const stacked = (of: (result: LstmGradients) => GraphValue) =>
    x.concat(
      results.map((result) => x.unsqueeze(of(result), [0])),
      0,
    );
  const given = (index: number, of: (result: LstmGradients) => GraphValue) =>
    node.inputs[index] && stacked(of);
  return [
    results.map(({ input }) => input).reduce((sum, input) => x.add(sum, input)),
    stacked(({ inputWeight }) => inputWeight),
    stacked(({ stateWeight }) => stateWeight),
    given(RECURRENT_INPUTS.bias, ({ bias }) => x.concat([bias!, bias!], 0)),
    undefined,
    given(RECURRENT_INPUTS.firstState, ({ firstState }) => firstState),
    given(RECURRENT_INPUTS.firstCell, ({ firstCell }) => firstCell),
  ];
}

/** Cotangents of one direction. */
interface LstmGradients {
  /** [T, N, I], in the order of the op's input. */
  readonly input: GraphValue;
  readonly inputWeight: GraphValue;
  readonly stateWeight: GraphValue;
  /** [4 H]. */
  readonly bias: GraphValue | undefined;
  /** [N, H]. */
  readonly firstState: GraphValue;
  readonly firstCell: GraphValue;
}

function lstmBackward(d: Derivation, direction: number, values: readonly GraphValue[]): LstmGradients {
  const { graph, x } = d;
  const pass = lstmPass(d, direction);
  const { steps: count, batch, width, hidden } = pass;
  const steps = keptSteps(values, direction, count);
  const back = backwardSteps(d, pass, steps, arrivalsOf(d, pass, direction));
  const flag = { int: 1 };
  const { toSums } = back;
  const toInput = graph.op("Gemm", [toSums, pass.inputWeight], { attributes: { transA: flag } });
  const given = x.concat(
    steps.map((step) => step.given),
    1,
  );
  const toWeights = graph.op("Gemm", [toSums, given], { attributes: { transB: flag } });
  const hasBias = Number(given.shape[0]) > width + hidden;
  const parts = x.split(toWeights, hasBias ? [width, 1, hidden] : [width, hidden], 1);
  return {
    input: ordered(d, x.reshape(toInput, [count, batch, -1]), isTurned(d, direction)),
    inputWeight: parts[0]!,
    stateWeight: parts.at(-1)!,
    bias: hasBias ? x.reshape(parts[1]!, [4 * hidden]) : undefined,
    firstState: x.transpose(back.firstState, [1, 0]),
    firstCell: x.transpose(back.firstCell, [1, 0]),
  };
}

/** By step, [H, N] each. */
interface Arrivals {
  /** What comes back to the state after each number of steps, from 0 on. */
  readonly states: readonly (GraphValue | undefined)[];
  readonly cells: readonly (GraphValue | undefined)[];
}

/** What comes back to states and cells from outside of the layer. */
function arrivalsOf(d: Derivation, { steps, batch, hidden }: LstmPass, direction: number): Arrivals {
  const { x, cotangents } = d;
  const [toStates, toLast, toLastCell] = cotangents;
  const places = lastingPlaces(d, steps);
  const apart = (value: GraphValue, count: number) => {
    const columns = x.reshape(x.transpose(value, [0, 2, 1]), [count * hidden, batch]);
    return x.split(columns, new Array<number>(count).fill(hidden), 0);
  };
  const nowhere = new Array<undefined>(steps).fill(undefined);
  const atEnd = (value: GraphValue | undefined): (GraphValue | undefined)[] => {
    if (!value) return [undefined, ...nowhere];
    const last = taken(d, value, direction);
    if (!places) return [...nowhere, x.transpose(x.reshape(last, [batch, hidden]), [1, 0])];
    return [...apart(x.mul(places.isEnd, x.unsqueeze(last, [0])), steps + 1)];
  };
  const ends = atEnd(toLast);
  const cells = atEnd(toLastCell);
  if (!toStates) return { states: ends, cells };
  const own = ordered(d, x.gather(toStates, x.graph.scalar(direction, "int64"), 1), isTurned(d, direction));
  const lasting = apart(places ? x.mul(own, places.lasts) : own, steps);
  const states = ends.map((end, step) => {
    const given = step === 0 ? undefined : lasting[step - 1]!;
    return end && given ? x.add(end, given) : (end ?? given);
  });
  return { states, cells };
}

/** Cotangents of the sums before the gates [4 H, T N], and of the state and cell before the first step [H, N]. */
function backwardSteps(d: Derivation, pass: LstmPass, steps: readonly LstmStep[], arrivals: Arrivals) {
  const { graph, x } = d;
  const { batch, hidden, stateWeight } = pass;
  const weight = turned(d, stateWeight);
  let toState = arrivals.states[steps.length] ?? zeroStates(d, [hidden, batch]);
  let toCell = arrivals.cells[steps.length];
  const toSums: GraphValue[] = [];
  for (let step = steps.length - 1; step >= 0; step--) {
    const back = backwardStep(d, steps[step]!, toState, toCell);
    toSums.unshift(back.toSums);
    const arrived = arrivals.states[step];
    toState = graph.op("Gemm", arrived ? [weight, back.toSums, arrived] : [weight, back.toSums]);
    const arrivedCell = arrivals.cells[step];
    toCell = arrivedCell ? x.add(arrivedCell, back.toCellBefore) : back.toCellBefore;
  }
  return { toSums: x.concat(toSums, 1), firstState: toState, firstCell: toCell! };
}

/** Through one step, by s' = s (1 - s) and tanh' = 1 - tanh^2 of what is kept; the first factor is in what a gate let through. */
function backwardStep(
  { x }: Derivation,
  { gates, enter, leave, forget, candidate, entered, kept, curved, state }: LstmStep,
  toState: GraphValue,
  toCellAfter: GraphValue | undefined,
) {
  const left = x.mul(toState, state);
  const fromState = x.sub(x.mul(toState, leave), x.mul(left, curved));
  const toCell = toCellAfter ? x.add(toCellAfter, fromState) : fromState;
  const through = [x.mul(toCell, entered), left, x.mul(toCell, kept), x.mul(toCell, enter)];
  const rest = x.sub(1, x.concat([gates, x.square(candidate)], 0));
  return { toSums: x.mul(x.concat(through, 0), rest), toCellBefore: x.mul(toCell, forget) };
}
