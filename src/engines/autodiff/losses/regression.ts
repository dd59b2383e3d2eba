/** Losses of numbers. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";

/** (a - b)^2. */
export function squaredError(x: Expressions, values: GraphValue, truth: GraphValue): GraphValue {
  return x.square(x.sub(values, truth));
}

/** |a - b|. */
export function absoluteError(x: Expressions, values: GraphValue, truth: GraphValue): GraphValue {
  return x.apply("Abs", x.sub(values, truth));
}

/** Half the square up to `delta`, linear beyond (Huber, 1964), as HuberLoss of PyTorch. */
export function huber(x: Expressions, values: GraphValue, truth: GraphValue, delta = 1): GraphValue {
  const distance = absoluteError(x, values, truth);
  const inner = x.min(distance, delta);
  return x.mul(inner, x.sub(distance, x.mul(inner, 0.5)));
}

/**
 * Least where a share `at` of the truths lies below the value (Koenker and Bassett, 1978).
 * @param at the quantile, in (0, 1); several, one for each number of the last dimension of `values`
 */
export function quantile(
  x: Expressions,
  values: GraphValue,
  truth: GraphValue,
  at: number | readonly number[],
): GraphValue {
  const missing = x.sub(truth, values);
  const share =
    typeof at === "number" ? x.graph.scalar(at, values.type) : x.graph.constant(values.type, [at.length], at);
  return x.max(x.mul(missing, share), x.mul(missing, x.sub(share, 1)));
}
