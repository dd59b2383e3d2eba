/** LSTM (Hochreiter and Schmidhuber, 1997; Gers et al., 2000), GRU (Cho et al., 2014), RNN (Elman, 1990). */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, defineOp, integerAttribute, type OpSample, refusal } from "./definition.js";
import {
  arriving,
  byStep,
  checkActivations,
  type Pass,
  type PassGradients,
  passedOn,
  projected,
  recurrentVjp,
  summedProducts,
} from "./recurrent.js";

/** s (1 - s): slope of the logistic function by its value. */
const logisticSlope = ({ x }: Derivation, value: GraphValue) => x.mul(value, x.sub(1, value));
/** 1 - t^2: slope of tanh by its value. */
const tanhSlope = ({ x }: Derivation, value: GraphValue) => x.sub(1, x.square(value));

/** From cotangents of the sums before the gates, by step, to those of everything that went into the sums. */
function fromGates(
  d: Derivation,
  { input, previous, inputWeight }: Pass,
  toInputSums: GraphValue,
  toStateSums: GraphValue,
): Omit<PassGradients, "firstState" | "firstCell"> {
  const { x } = d;
  return {
    input: x.matmul(toInputSums, inputWeight),
    inputWeight: summedProducts(d, toInputSums, input),
    stateWeight: summedProducts(d, toStateSums, previous),
    inputBias: x.sum(toInputSums, [0, 1]),
    stateBias: x.sum(toStateSums, [0, 1]),
  };
}

/** [1, N, H] times each gate of [1, N, gates H]. */
function timesGates({ x }: Derivation, value: GraphValue, gates: GraphValue, hidden: number): GraphValue {
  const apart = x.reshape(gates, [0, 0, -1, hidden]);
  return x.reshape(x.mul(x.unsqueeze(value, [2]), apart), [0, 0, -1]);
}

interface LstmSlopes {
  /** Of the sums of input, forget and cell gates, as factors of the cell's cotangent, [T, N, 3 H]. */
  readonly byCell: GraphValue;
  /** Of the sums of the output gate, as factor of the state's cotangent, [T, N, H]. */
  readonly byState: GraphValue;
  /** Of the cell, as factor of the state's cotangent, [T, N, H]. */
  readonly stateToCell: GraphValue;
  readonly forget: GraphValue;
}

/** Gates in the order of the standard: input, output, forget, cell. */
function lstmSlopes(d: Derivation, pass: Pass): LstmSlopes {
  const { x } = d;
  const { steps, hidden } = pass;
  const sums = x.add(
    projected(d, pass.input, pass.inputWeight, pass.inputBias),
    projected(d, pass.previous, pass.stateWeight, pass.stateBias),
  );
  const [logistic, cellSums] = x.split(sums, [3 * hidden, hidden], 2);
  const [enter, leave, forget] = x.split(x.apply("Sigmoid", logistic!), [hidden, hidden, hidden], 2);
  const candidate = x.apply("Tanh", cellSums!);
  const entering = byStep(d, x.mul(enter!, candidate), steps);
  const kept = byStep(d, forget!, steps);
  const first = pass.firstCell ?? x.mul(entering[0]!, 0);
  const cells = [first];
  for (let step = 0; step < steps; step++) {
    cells.push(x.add(x.mul(kept[step]!, cells[step]!), entering[step]!));
  }
  const before = x.concat(cells.slice(0, -1), 0);
  const curved = x.apply("Tanh", x.concat(cells.slice(1), 0));
  const toEnter = x.mul(candidate, logisticSlope(d, enter!));
  const toForget = x.mul(before, logisticSlope(d, forget!));
  const toCandidate = x.mul(enter!, tanhSlope(d, candidate));
  return {
    byCell: x.concat([toEnter, toForget, toCandidate], 2),
    byState: x.mul(curved, logisticSlope(d, leave!)),
    stateToCell: x.mul(leave!, tanhSlope(d, curved)),
    forget: forget!,
  };
}

/** Rows of four gates in another order; the output gate's first, or back in its place. */
function reordered(
  { x }: Derivation,
  value: GraphValue,
  hidden: number,
  order: readonly number[],
): GraphValue {
  const parts = x.split(value, [hidden, hidden, hidden, hidden], 0);
  return x.concat(
    order.map((gate) => parts[gate]!),
    0,
  );
}

/** With the output gate first, so that a step joins what comes by the state and by the cell without cutting. */
function lstmBackward(d: Derivation, pass: Pass): PassGradients {
  const { hidden } = pass;
  const order = [1, 0, 2, 3];
  const slopes = lstmSlopes(d, pass);
  const weights = {
    inputWeight: reordered(d, pass.inputWeight, hidden, order),
    stateWeight: reordered(d, pass.stateWeight, hidden, order),
  };
  const { toSums, ...first } = lstmSteps(d, { ...pass, ...weights }, slopes);
  const found = fromGates(d, { ...pass, ...weights }, toSums, toSums);
  const restored = (value: GraphValue) => reordered(d, value, hidden, order);
  return {
    ...first,
    input: found.input,
    inputWeight: restored(found.inputWeight),
    stateWeight: restored(found.stateWeight),
    inputBias: restored(found.inputBias),
    stateBias: restored(found.stateBias),
  };
}

/** Cotangents of the sums before the gates [T, N, 4 H], and of the state and cell before the first step. */
function lstmSteps(d: Derivation, pass: Pass, slopes: LstmSlopes) {
  const { x } = d;
  const { steps, hidden } = pass;
  const [byCell, byState, stateToCell, forget] = [
    slopes.byCell,
    slopes.byState,
    slopes.stateToCell,
    slopes.forget,
  ].map((value) => byStep(d, value, steps));
  const none = x.mul(stateToCell![0]!, 0);
  let toState: GraphValue | undefined = pass.toLast;
  let toCell: GraphValue = pass.toLastCell ?? none;
  const toSums: GraphValue[] = [];
  for (let step = steps - 1; step >= 0; step--) {
    const arrived = arriving(d, pass, step, toState) ?? none;
    const lasting = pass.mask?.[step];
    const reached = lasting ? x.mul(arrived, lasting) : arrived;
    const cell = x.add(toCell, x.mul(reached, stateToCell![step]!));
    const counted = lasting ? x.mul(cell, lasting) : cell;
    const byGates = timesGates(d, counted, byCell![step]!, hidden);
    const sums = x.concat([x.mul(reached, byState![step]!), byGates], 2);
    toSums.unshift(sums);
    toState = passedOn(d, pass, step, x.matmul(sums, pass.stateWeight), arrived);
    toCell = passedOn(d, pass, step, x.mul(cell, forget![step]!), toCell);
  }
  return { toSums: x.concat(toSums, 0), firstState: toState!, firstCell: toCell };
}

/** Gates in the order of the standard: update, reset, candidate. Reset after the product, as PyTorch has it. */
function gruBackward(d: Derivation, pass: Pass): PassGradients {
  const { x } = d;
  const { steps, hidden, previous } = pass;
  const fromInput = projected(d, pass.input, pass.inputWeight, pass.inputBias);
  const fromState = projected(d, previous, pass.stateWeight, pass.stateBias);
  const [inputGates, inputCandidate] = x.split(fromInput, [2 * hidden, hidden], 2);
  const [stateGates, stateCandidate] = x.split(fromState, [2 * hidden, hidden], 2);
  const gates = x.apply("Sigmoid", x.add(inputGates!, stateGates!));
  const [update, reset] = x.split(gates, [hidden, hidden], 2);
  const candidate = x.apply("Tanh", x.add(inputCandidate!, x.mul(reset!, stateCandidate!)));
  const toCandidate = x.mul(x.sub(1, update!), tanhSlope(d, candidate));
  const toReset = x.mul(x.mul(toCandidate, stateCandidate!), logisticSlope(d, reset!));
  const toUpdate = x.mul(x.sub(previous, candidate), logisticSlope(d, update!));
  const inputSlopes = x.concat([toUpdate, toReset, toCandidate], 2);
  const stateSlopes = x.concat([toUpdate, toReset, x.mul(toCandidate, reset!)], 2);
  const [slopes, kept] = [byStep(d, stateSlopes, steps), byStep(d, update!, steps)];
  const arrivals: GraphValue[] = [];
  let toState: GraphValue | undefined = pass.toLast;
  for (let step = steps - 1; step >= 0; step--) {
    const arrived = arriving(d, pass, step, toState) ?? x.mul(kept[step]!, 0);
    arrivals.unshift(pass.mask ? x.mul(arrived, pass.mask[step]!) : arrived);
    const throughGates = x.matmul(timesGates(d, arrived, slopes[step]!, hidden), pass.stateWeight);
    toState = passedOn(d, pass, step, x.add(throughGates, x.mul(arrived, kept[step]!)), arrived);
  }
  const all = x.concat(arrivals, 0);
  const [toInputSums, toStateSums] = [inputSlopes, stateSlopes].map((each) =>
    timesGates(d, all, each, hidden),
  );
  return { ...fromGates(d, pass, toInputSums!, toStateSums!), firstState: toState! };
}

function rnnBackward(d: Derivation, pass: Pass): PassGradients {
  const { x } = d;
  const { steps, states } = pass;
  const slopes = byStep(d, tanhSlope(d, states), steps);
  const toSums: GraphValue[] = [];
  let toState: GraphValue | undefined = pass.toLast;
  for (let step = steps - 1; step >= 0; step--) {
    const arrived = arriving(d, pass, step, toState) ?? x.mul(slopes[step]!, 0);
    const through = x.mul(arrived, slopes[step]!);
    const sums = pass.mask ? x.mul(through, pass.mask[step]!) : through;
    toSums.unshift(sums);
    toState = passedOn(d, pass, step, x.matmul(sums, pass.stateWeight), arrived);
  }
  const all = x.concat(toSums, 0);
  return { ...fromGates(d, pass, all, all), firstState: toState! };
}

function gruVjp(d: Derivation): (GraphValue | undefined)[] {
  checkActivations(d, ["Sigmoid", "Tanh"]);
  if (integerAttribute(d.node, "linear_before_reset", 0) === 0) {
    throw refusal(d.node, "it resets the state before the product (linear_before_reset 0)");
  }
  return recurrentVjp(d, gruBackward);
}

function lstmVjp(d: Derivation): (GraphValue | undefined)[] {
  checkActivations(d, ["Sigmoid", "Tanh", "Tanh"]);
  if (integerAttribute(d.node, "input_forget", 0) === 1) throw refusal(d.node, "its gates are coupled");
  return recurrentVjp(d, lstmBackward);
}

function rnnVjp(d: Derivation): (GraphValue | undefined)[] {
  checkActivations(d, ["Tanh"]);
  return recurrentVjp(d, rnnBackward);
}

const range: [number, number] = [-0.8, 0.8];
const lengths = { constant: [2, 4], shape: [2], type: "int32" as const };

/** Three steps forward alone; both directions from a given state, with sequences of different lengths. */
function samples(gates: number, cells: boolean, attributes: Record<string, AttributeValue> = {}): OpSample[] {
  const hidden = 2;
  const weights = (directions: number, inputs: number) => [
    { shape: [directions, gates * hidden, inputs], range },
    { shape: [directions, gates * hidden, hidden], range },
    { shape: [directions, 2 * gates * hidden], range },
  ];
  const states = (directions: number) =>
    Array.from({ length: cells ? 2 : 1 }, () => ({ shape: [directions, 2, hidden], range }));
  const common = { ...attributes, hidden_size: { int: hidden } };
  const direction = (value: string) => ({ ...common, direction: { string: value } });
  return [
    { inputs: [{ shape: [3, 2, 2] }, ...weights(1, 2)], attributes: common },
    { inputs: [{ shape: [3, 1, 3] }, ...weights(1, 3).slice(0, 2)], attributes: direction("reverse") },
    {
      inputs: [{ shape: [4, 2, 1] }, ...weights(2, 1), undefined, ...states(2)],
      attributes: direction("bidirectional"),
    },
    {
      inputs: [{ shape: [4, 2, 1] }, ...weights(2, 1), lengths, ...states(2)],
      attributes: direction("bidirectional"),
    },
  ];
}

export const RECURRENT = {
  LSTM: defineOp({ type: "LSTM", samples: samples(4, true), vjp: lstmVjp }),
  GRU: defineOp({
    type: "GRU",
    samples: samples(3, false, { linear_before_reset: { int: 1 } }),
    vjp: gruVjp,
  }),
  RNN: defineOp({ type: "RNN", samples: samples(1, false), vjp: rnnVjp }),
  ReverseSequence: defineOp({
    type: "ReverseSequence",
    samples: [
      {
        inputs: [{ shape: [4, 2] }, { constant: [3, 2], shape: [2], type: "int64" }],
        attributes: { time_axis: { int: 0 }, batch_axis: { int: 1 } },
      },
    ],
    vjp: ({ graph, c, node }) => [
      graph.op("ReverseSequence", [c, node.inputs[1]], { attributes: node.attributes }),
    ],
  }),
};
