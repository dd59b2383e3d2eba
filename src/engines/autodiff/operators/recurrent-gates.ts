/** What the gates of recurrent layers share on the way back. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Derivation } from "./definition.js";
import { type Pass, type PassGradients, summedProducts } from "./recurrent.js";

/** s (1 - s): slope of the logistic function by its value. */
export const logisticSlope = ({ x }: Derivation, value: GraphValue) => x.mul(value, x.sub(1, value));
/** 1 - t^2: slope of tanh by its value. */
export const tanhSlope = ({ x }: Derivation, value: GraphValue) => x.sub(1, x.square(value));

/** From cotangents of the sums before the gates, by step, to those of everything that went into the sums. */
export function fromGates(
  d: Derivation,
  { input, previous, inputWeight }: Pass,
  toInputSums: GraphValue,
  toStateSums: GraphValue,
): Omit<PassGradients, "firstState"> {
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
export function timesGates(
  { x }: Derivation,
  value: GraphValue,
  gates: GraphValue,
  hidden: number,
): GraphValue {
  const apart = x.reshape(gates, [0, 0, -1, hidden]);
  return x.reshape(x.mul(x.unsqueeze(value, [2]), apart), [0, 0, -1]);
}
