/** What each example costs; `weightedMean` makes a loss of it. */
import { cast, type GraphValue } from "../../foundation/contracts/graph.js";
import type { Expressions } from "../onnx/index.js";

/**
 * Softmax cross-entropy [...] of logits [..., C] and classes, int64 [...].
 * @param labelSmoothing share of the truth that is spread evenly over all classes, in [0, 1)
 */
export function crossEntropy(
  x: Expressions,
  logits: GraphValue,
  classes: GraphValue,
  labelSmoothing = 0,
): GraphValue {
  const { graph } = x;
  const axis = { attributes: { axis: { int: -1 } } };
  const count = Number(logits.shape.at(-1));
  const values = graph.constant(
    "float32",
    [2],
    [labelSmoothing / count, 1 - labelSmoothing + labelSmoothing / count],
  );
  const truth = graph.op("OneHot", [classes, graph.scalar(count, "int64"), values], axis);
  const logarithms = graph.op("LogSoftmax", [logits], axis);
  return x.apply("Neg", x.sum(x.mul(logarithms, truth), [logits.shape.length - 1]));
}

/** Logistic loss [...] of scores [...] and truths in [0, 1] of the same type: log(1 + exp(z)) - y z. */
export function binaryCrossEntropy(
  x: Expressions,
  scores: GraphValue,
  truth: GraphValue,
  labelSmoothing = 0,
): GraphValue {
  const wanted = labelSmoothing === 0 ? truth : x.add(x.mul(truth, 1 - labelSmoothing), labelSmoothing / 2);
  return x.sub(x.apply("Softplus", scores), x.mul(scores, wanted));
}

/** (a - b)^2. */
export function squaredError(x: Expressions, values: GraphValue, truth: GraphValue): GraphValue {
  return x.square(x.sub(values, truth));
}

/** Half the square up to `delta`, linear beyond (Huber, 1964), as HuberLoss of PyTorch. */
export function huber(x: Expressions, values: GraphValue, truth: GraphValue, delta = 1): GraphValue {
  const distance = x.apply("Abs", x.sub(values, truth));
  const inner = x.min(distance, delta);
  return x.mul(inner, x.sub(distance, x.mul(inner, 0.5)));
}

/** Mean over all examples of weight times loss; weights are meant to have mean 1 over the training set. */
export function weightedMean(x: Expressions, losses: GraphValue, weights?: GraphValue): GraphValue {
  return x.mean(weights ? x.mul(losses, cast(x.graph, weights, losses.type)) : losses);
}
