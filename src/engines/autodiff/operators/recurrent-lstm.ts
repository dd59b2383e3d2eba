/** LSTM: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, refusal, staticSizes } from "./definition.js";
import { logisticSlope, tanhSlope } from "./recurrent-gates.js";
import {
  isKept,
  keptOf,
  type LstmKept,
  type LstmPass,
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
  zeroStates,
} from "./recurrent-sequences.js";

/**
 * A step of the way back is left with one product and a few elementwise ops, as slopes of all steps are computed at once;
 * gradients of the weights are one product over all steps (Appleyard, Kocisky and Blunsom, 2016).
 */
export function lstmVjp(d: Derivation): (GraphValue | undefined)[] {
  const { x, node } = d;
  const why = whyNotLstm(d);
  if (why) throw refusal(node, why);
  staticSizes(d, d.input.shape);
  const [directions] = staticSizes(d, node.inputs[RECURRENT_INPUTS.stateWeight]!.shape) as [number];
  const values = isKept(node.outputs) ? node.outputs : lstmForward(d)!;
  const results = Array.from({ length: directions }, (_, direction) =>
    lstmBackward(d, direction, keptOf(values, direction)),
  );
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
    given(RECURRENT_INPUTS.bias, ({ bias }) => x.concat([bias, bias], 0)),
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
  readonly bias: GraphValue;
  /** [N, H]. */
  readonly firstState: GraphValue;
  readonly firstCell: GraphValue;
}

function lstmBackward(d: Derivation, direction: number, kept: LstmKept): LstmGradients {
  const { graph, x } = d;
  const pass = lstmPass(d, direction);
  const { steps, batch } = pass;
  const { toSums, firstState, firstCell } = backwardSteps(
    d,
    pass,
    lstmSlopes(d, kept, pass),
    arrivalsOf(d, pass, direction),
  );
  const weightOf = (rows: GraphValue) =>
    graph.op("Gemm", [toSums, rows], { attributes: { transA: { int: 1 } } });
  const toInput = graph.op("Gemm", [toSums, pass.inputWeight]);
  return {
    input: ordered(d, x.reshape(toInput, [steps, batch, -1]), isTurned(d, direction)),
    inputWeight: weightOf(pass.input),
    stateWeight: weightOf(kept.states),
    bias: x.sum(toSums, [0]),
    firstState,
    firstCell,
  };
}

/** By step, [N, H] each. */
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
  const apart = (value: GraphValue, count: number) =>
    x.split(x.reshape(value, [count * batch, hidden]), new Array<number>(count).fill(batch), 0);
  const nowhere = new Array<undefined>(steps).fill(undefined);
  const atEnd = (value: GraphValue | undefined): (GraphValue | undefined)[] => {
    if (!value) return [undefined, ...nowhere];
    const last = taken(d, value, direction);
    if (!places) return [...nowhere, last];
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

interface LstmSlopes {
  /** Of the sums before the gates, [R, 4 H]: the output gate's by the state, the others' by the cell. */
  readonly sums: GraphValue;
  /** Of the cell by the state, and of the cell before by the cell, [R, H]. */
  readonly stateToCell: GraphValue;
  readonly cellToBefore: GraphValue;
}

function lstmSlopes(d: Derivation, kept: LstmKept, { hidden }: LstmPass): LstmSlopes {
  const { x } = d;
  const { gates, candidates, curved, cells } = kept;
  const [enter, leave, forget] = x.split(gates, [hidden, hidden, hidden], 1);
  const byGates = x.mul(x.concat([candidates, curved, cells], 1), logisticSlope(d, gates));
  const byCandidate = x.mul(enter!, tanhSlope(d, candidates));
  return {
    sums: x.concat([byGates, byCandidate], 1),
    stateToCell: x.mul(leave!, tanhSlope(d, curved)),
    cellToBefore: forget!,
  };
}

/** Cotangents of the sums before the gates [R, 4 H], and of the state and cell before the first step. */
function backwardSteps(d: Derivation, pass: LstmPass, slopes: LstmSlopes, arrivals: Arrivals) {
  const { graph, x } = d;
  const { steps, batch, hidden, stateWeight } = pass;
  const [sums, stateToCell, cellToBefore] = [slopes.sums, slopes.stateToCell, slopes.cellToBefore].map(
    (value) => x.split(value, new Array<number>(steps).fill(batch), 0),
  );
  const zero = zeroStates(d, [batch, hidden]);
  const added = (a: GraphValue | undefined, b: GraphValue | undefined) => (a && b ? x.add(a, b) : (a ?? b));
  let toState = arrivals.states[steps] ?? zero;
  let toCell = arrivals.cells[steps];
  const toSums: GraphValue[] = [];
  for (let step = steps - 1; step >= 0; step--) {
    const cell = added(toCell, x.mul(toState, stateToCell![step]!))!;
    const own = x.mul(x.concat([cell, toState, cell, cell], 1), sums![step]!);
    toSums.unshift(own);
    const arrived = arrivals.states[step];
    toState = graph.op("Gemm", arrived ? [own, stateWeight, arrived] : [own, stateWeight]);
    toCell = added(arrivals.cells[step], x.mul(cell, cellToBefore![step]!))!;
  }
  return { toSums: x.concat(toSums, 0), firstState: toState, firstCell: toCell! };
}
