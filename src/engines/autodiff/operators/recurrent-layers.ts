/** The recurrent layers of the standard; RNN is that of Elman (1990). */
import type { AttributeValue, GraphValue } from "../../../foundation/contracts/graph.js";
import { type Derivation, defineOp, type OpSample } from "./definition.js";
import {
  arriving,
  byStep,
  checkActivations,
  type Pass,
  type PassGradients,
  passedOn,
  recurrentVjp,
} from "./recurrent.js";
import { fromGates, tanhSlope } from "./recurrent-gates.js";
import { gruVjp } from "./recurrent-gru.js";
import { lstmVjp } from "./recurrent-lstm.js";
import { lstmForward } from "./recurrent-lstm-forward.js";

function rnnVjp(d: Derivation): (GraphValue | undefined)[] {
  checkActivations(d, ["Tanh"]);
  return recurrentVjp(d, rnnBackward);
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
  LSTM: defineOp({
    type: "LSTM",
    samples: samples(4, true).map((sample) => ({ ...sample, outputs: 3 })),
    vjp: lstmVjp,
    forward: lstmForward,
  }),
  GRU: defineOp({
    type: "GRU",
    samples: [...samples(3, false, { linear_before_reset: { int: 1 } }), ...samples(3, false)],
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
