/** Sums of probabilities by their logarithms, over paths through steps. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";

/** Logarithm of what cannot be; finite, so that no difference of two of them is undefined. */
export const IMPOSSIBLE = -1e30;

/** log(sum of exp) along an axis, which goes. */
export function logSum(x: Expressions, value: GraphValue, axis: number): GraphValue {
  return x.graph.op("ReduceLogSumExp", [value, x.integers([axis])], { attributes: { keepdims: { int: 0 } } });
}

/** [steps, ...] as values without the first dimension, one for each step. */
export function steps(x: Expressions, value: GraphValue): readonly GraphValue[] {
  const count = Number(value.shape[0]);
  const parts = x.split(
    value,
    Array.from({ length: count }, () => 1),
    0,
  );
  return parts.map((part) => x.graph.op("Squeeze", [part, x.integers([0])]));
}

/** Bool [N, 1]: whether a sequence of these lengths [N] has the step. */
export function lasts(x: Expressions, lengths: GraphValue, step: number): GraphValue {
  return x.greater(x.unsqueeze(lengths, [1]), step);
}
