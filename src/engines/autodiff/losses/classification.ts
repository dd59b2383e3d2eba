/** Losses of classes and labels. */
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Expressions } from "../../onnx/index.js";

export interface ClassOptions {
  /** Share of the truth that is spread evenly over all classes, in [0, 1) (Szegedy et al., 2016). */
  readonly labelSmoothing?: number;
  /** One for each class; examples count by the weight of their class. */
  readonly classWeights?: readonly number[];
  /** Examples of this class, such as -100 for padding, cost nothing and are not counted. */
  readonly ignored?: number;
}

/**
 * Softmax cross-entropy [...] of logits [..., C] and classes, int64 [...], as cross_entropy of PyTorch without a
 * reduction.
 */
export function crossEntropy(
  x: Expressions,
  logits: GraphValue,
  classes: GraphValue,
  { labelSmoothing = 0, classWeights, ignored }: ClassOptions = {},
): GraphValue {
  const { graph } = x;
  const axis = { attributes: { axis: { int: -1 } } };
  const count = Number(logits.shape.at(-1));
  const spread = labelSmoothing / count;
  const values = graph.constant(logits.type, [2], [spread, 1 - labelSmoothing + spread]);
  const truth = graph.op("OneHot", [known(x, classes, ignored), graph.scalar(count, "int64"), values], axis);
  const weighted = classWeights ? x.mul(truth, graph.constant(logits.type, [count], classWeights)) : truth;
  const logarithms = graph.op("LogSoftmax", [logits], axis);
  const losses = x.apply("Neg", x.sum(x.mul(logarithms, weighted), [logits.shape.length - 1]));
  return ignored === undefined ? losses : x.where(x.equal(classes, ignored), 0, losses);
}

/** Mean over the examples that count, by the weights of their classes: the default reduction of PyTorch. */
export function meanCrossEntropy(
  x: Expressions,
  logits: GraphValue,
  classes: GraphValue,
  options: ClassOptions = {},
): GraphValue {
  const losses = crossEntropy(x, logits, classes, options);
  const { classWeights, ignored } = options;
  if (!classWeights && ignored === undefined) return x.mean(losses);
  const { graph } = x;
  const of = classWeights ?? Array.from({ length: Number(logits.shape.at(-1)) }, () => 1);
  const weights = x.gather(graph.constant(logits.type, [of.length], of), known(x, classes, ignored));
  const counted = ignored === undefined ? weights : x.where(x.equal(classes, ignored), 0, weights);
  return x.div(x.sum(losses), x.max(x.sum(counted), 1e-12));
}

/** Ignored examples as if they were of class 0. */
function known(x: Expressions, classes: GraphValue, ignored: number | undefined): GraphValue {
  return ignored === undefined ? classes : x.where(x.equal(classes, ignored), 0, classes);
}

export interface BinaryOptions {
  /** Share of the truth that is spread over both answers, in [0, 1). */
  readonly labelSmoothing?: number;
  /** Times the loss of positive examples. */
  readonly positiveWeight?: number;
}

/**
 * Logistic loss [...] of scores [...] and truths in [0, 1] of the same type, as binary_cross_entropy_with_logits of
 * PyTorch: (1 - y) z + (1 + (p - 1) y) log(1 + exp(-z)).
 */
export function binaryCrossEntropy(
  x: Expressions,
  scores: GraphValue,
  truth: GraphValue,
  { labelSmoothing = 0, positiveWeight = 1 }: BinaryOptions = {},
): GraphValue {
  const wanted = labelSmoothing === 0 ? truth : x.add(x.mul(truth, 1 - labelSmoothing), labelSmoothing / 2);
  if (positiveWeight === 1) return x.sub(x.apply("Softplus", scores), x.mul(scores, wanted));
  const weight = x.add(x.mul(wanted, positiveWeight - 1), 1);
  const surprise = x.apply("Softplus", x.apply("Neg", scores));
  return x.add(x.mul(x.sub(1, wanted), scores), x.mul(weight, surprise));
}

/**
 * Binary cross-entropy that easy examples count little in (Lin et al., 2017), as sigmoid_focal_loss of torchvision.
 * @param balance weight of positive examples, in [0, 1]; negative ones get the rest
 * @param focus power of the probability that the answer is wrong, at least 1
 */
export function focal(
  x: Expressions,
  scores: GraphValue,
  truth: GraphValue,
  { balance = 0.25, focus = 2 }: { readonly balance?: number; readonly focus?: number } = {},
): GraphValue {
  const probability = x.apply("Sigmoid", scores);
  const wrong = x.sub(x.add(probability, truth), x.mul(x.mul(probability, truth), 2));
  const share = x.add(x.mul(truth, 2 * balance - 1), 1 - balance);
  const losses = binaryCrossEntropy(x, scores, truth);
  return x.mul(x.mul(losses, x.power(wrong, focus)), share);
}

/** Of logits [..., C] and classes: cross-entropy times (1 - probability of the class) to the power of `focus`. */
export function multiclassFocal(
  x: Expressions,
  logits: GraphValue,
  classes: GraphValue,
  { focus = 2, ...options }: ClassOptions & { readonly focus?: number } = {},
): GraphValue {
  const plain = crossEntropy(x, logits, classes, { ...options, labelSmoothing: 0 });
  const { classWeights: _, ...unweighted } = options;
  const surprise = crossEntropy(x, logits, classes, { ...unweighted, labelSmoothing: 0 });
  return x.mul(plain, x.power(x.sub(1, x.apply("Exp", x.apply("Neg", surprise))), focus));
}
