/** From what a network computes to what is predicted, and from what is true to what a network learns. */
import type { Expressions } from "../../../engines/onnx/index.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { Predictions, Target } from "../../../foundation/contracts/target.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { LabelledFrame } from "../../../foundation/contracts/trainer.js";

/** What the scores mean. */
export type NetworkOutcome =
  | { readonly kind: "classes" }
  /** prediction = mean + scale * score. */
  | { readonly kind: "values"; readonly mean: number; readonly scale: number };

/** Values are standardised by their weighted mean and deviation. */
export function outcomeOf(target: Target, weights: Float64Array | undefined): NetworkOutcome {
  if (target.task !== "regression") return { kind: "classes" };
  const { values } = target;
  const mean = weightedMean(values.length, weights, (row) => values[row]!);
  const variance = weightedMean(values.length, weights, (row) => (values[row]! - mean) ** 2);
  return { kind: "values", mean, scale: Math.sqrt(variance) };
}

/** What the network learns for each row: class codes, or values of mean 0 and deviation 1. */
function truthOf(target: Target, outcome: NetworkOutcome): Tensor {
  if (target.task !== "regression") {
    return { type: "int64", shape: [target.codes.length], data: BigInt64Array.from(target.codes, BigInt) };
  }
  const { mean, scale } = outcome.kind === "values" ? outcome : { mean: 0, scale: 1 };
  const values = Float32Array.from(target.values, (value) => (scale > 0 ? (value - mean) / scale : 0));
  return { type: "float32", shape: [values.length, 1], data: values };
}

/** Weights of mean 1, float32 [rows]. */
function unitWeights(weights: Float64Array): Tensor {
  const mean = weightedMean(weights.length, undefined, (row) => weights[row]!);
  const data = Float32Array.from(weights, (weight) => weight / mean);
  return { type: "float32", shape: [weights.length], data };
}

/** What a network learns from: `truth` and, where rows have weights, `weights`. */
export function learnedTensors(
  { target, weights }: Pick<LabelledFrame, "target" | "weights">,
  outcome: NetworkOutcome,
): Record<string, Tensor> {
  const truth = truthOf(target, outcome);
  return weights ? { truth, weights: unitWeights(weights) } : { truth };
}

/** Numbers that a network says of a row: one for each class, or 1. */
export function outputsFor(target: Target): number {
  return target.task === "regression" ? 1 : target.classes.length;
}

/** Probabilities, or standardised values, [N, outputs]; of scores [M, N, outputs] the mean over the members. */
export function linkedAnswers(x: Expressions, scores: GraphValue, kind: NetworkOutcome["kind"]): GraphValue {
  const linked =
    kind === "values" ? scores : x.graph.op("Softmax", [scores], { attributes: { axis: { int: -1 } } });
  return scores.shape.length === 3 ? x.mean(linked, [0]) : linked;
}

/** What the graph of a model gives: probabilities as they are, values in the target's own unit. */
export function inOwnUnit(x: Expressions, answers: GraphValue, outcome: NetworkOutcome): GraphValue {
  if (outcome.kind === "classes") return answers;
  return x.add(x.mul(answers, outcome.scale), outcome.mean);
}

/** The same of answers that were computed, row-major [rows, outputs]. */
export function predictionsOf(outcome: NetworkOutcome, outputs: number, answers: Float32Array): Predictions {
  const values = Float64Array.from(answers);
  if (outcome.kind === "values") {
    return { kind: "values", values: values.map((value) => outcome.mean + outcome.scale * value) };
  }
  return { kind: "probabilities", values: normalized(values, outputs), classes: outputs };
}

/** Float32 probabilities sum to 1 within 1e-7; predictions promise more. */
function normalized(values: Float64Array, classes: number): Float64Array {
  for (let base = 0; base < values.length; base += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += values[base + k]!;
    for (let k = 0; k < classes; k++) values[base + k]! /= sum;
  }
  return values;
}

/** Below this a probability counts as this, so that no single row decides. */
const LEAST_PROBABILITY = 1e-7;

/** Weighted mean log loss of probabilities, or squared error of standardised values, row-major [rows, outputs]. */
export function meanLoss(
  answers: Float32Array,
  outputs: number,
  { target, weights }: Pick<LabelledFrame, "target" | "weights">,
  outcome: NetworkOutcome,
): number {
  const truth = truthOf(target, outcome).data as BigInt64Array | Float32Array;
  const rowLoss = (row: number): number => {
    const wanted = truth[row]!;
    if (typeof wanted === "number") return (answers[row]! - wanted) ** 2;
    return -Math.log(Math.max(LEAST_PROBABILITY, answers[row * outputs + Number(wanted)]!));
  };
  return weightedMean(truth.length, weights, rowLoss);
}
