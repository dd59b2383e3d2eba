/** LSTM: Hochreiter and Schmidhuber (1997), with the forget gate of Gers et al. (2000). */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, refusal, staticSizes } from "./definition.js";
import {
  gatesOf,
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
 * A step of the way back is left with one product and a few elementwise ops, as slopes of all steps are computed at once;
 * gradients of the weights are one product over all steps (Appleyard, Kocisky and Blunsom, 2016). Columns are sequences, as
 * on the way forward.
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

function lstmBackward(d: Derivation, direction: number, values: readonly GraphValue[]): LstmGradients {
  const { graph, x } = d;
  const pass = lstmPass(d, direction);
  const { steps: count, batch, hidden, firstState } = pass;
  const steps = keptSteps(values, direction, count);
  const back = backwardSteps(d, pass, steps, arrivalsOf(d, pass, direction));
  const before = [
    firstState ?? zeroStates(d, [hidden, batch]),
    ...steps.slice(0, -1).map(({ state }) => state),
  ];
  const flag = { int: 1 };
  const { toSums } = back;
  const toInput = graph.op("Gemm", [toSums, pass.inputWeight], { attributes: { transA: flag } });
  return {
    input: ordered(d, x.reshape(toInput, [count, batch, -1]), isTurned(d, direction)),
    inputWeight: graph.op("Gemm", [toSums, pass.input]),
    stateWeight: graph.op("Gemm", [toSums, x.concat(before, 1)], { attributes: { transB: flag } }),
    bias: x.sum(toSums, [1]),
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

interface LstmSlopes {
  /** Of the sums before the gates [4 H, N], by step: the output gate's by the state, the others' by the cell. */
  readonly sums: readonly GraphValue[];
  /** Of the cell by the state, and of the cell before by the cell, [H, N]. */
  readonly stateToCell: readonly GraphValue[];
  readonly cellToBefore: readonly GraphValue[];
}

/** Of all steps at once: many small ops take longer than a few large ones. */
function lstmSlopes(d: Derivation, { hidden, firstCell }: LstmPass, steps: readonly LstmStep[]): LstmSlopes {
  const { x } = d;
  const parts = steps.map((step, k) => {
    const [enter, leave, forget] = gatesOf(d, step.gates, hidden) as [GraphValue, GraphValue, GraphValue];
    const before = k > 0 ? steps[k - 1]!.cell : firstCell;
    const [entering, kept] = [x.mul(enter, step.candidate), x.mul(forget, before)];
    return { ...step, enter, leave, forget, entering, kept };
  });
  const joined = (of: (part: (typeof parts)[number]) => readonly GraphValue[]) =>
    x.concat(parts.flatMap(of), 0);
  const apart = (value: GraphValue, rows: number) =>
    x.split(value, new Array<number>(steps.length).fill(rows), 0);
  // s (1 - s) times what the gate lets through, and enter (1 - candidate^2), as differences of what is there already.
  const through = joined(({ entering, state, kept }) => [entering, state, kept, entering]);
  const sums = x.sub(
    joined(({ entering, state, kept, enter }) => [entering, state, kept, enter]),
    x.mul(
      through,
      joined(({ gates, candidate }) => [gates, candidate]),
    ),
  );
  const stateToCell = x.sub(
    joined(({ leave }) => [leave]),
    x.mul(
      joined(({ state }) => [state]),
      joined(({ curved }) => [curved]),
    ),
  );
  return {
    sums: apart(sums, 4 * hidden),
    stateToCell: apart(stateToCell, hidden),
    cellToBefore: parts.map(({ forget }) => forget),
  };
}

/** Cotangents of the sums before the gates [4 H, T N], and of the state and cell before the first step [H, N]. */
function backwardSteps(d: Derivation, pass: LstmPass, steps: readonly LstmStep[], arrivals: Arrivals) {
  const { graph, x } = d;
  const { batch, hidden, stateWeight } = pass;
  const weight = turned(d, stateWeight);
  const added = (a: GraphValue | undefined, b: GraphValue | undefined) => (a && b ? x.add(a, b) : (a ?? b));
  let toState = arrivals.states[steps.length] ?? zeroStates(d, [hidden, batch]);
  let toCell = arrivals.cells[steps.length];
  const slopes = lstmSlopes(d, pass, steps);
  const toSums: GraphValue[] = [];
  for (let step = steps.length - 1; step >= 0; step--) {
    const cell = added(toCell, x.mul(toState, slopes.stateToCell[step]!))!;
    const own = x.mul(x.concat([cell, toState, cell, cell], 0), slopes.sums[step]!);
    toSums.unshift(own);
    const arrived = arrivals.states[step];
    toState = graph.op("Gemm", arrived ? [weight, own, arrived] : [weight, own]);
    toCell = added(arrivals.cells[step], x.mul(cell, slopes.cellToBefore[step]!))!;
  }
  return { toSums: x.concat(toSums, 1), firstState: toState, firstCell: toCell! };
}
