/** From what a network computes to what is predicted, and from what is true to what a network learns. */
import type { Expressions } from "../../../engines/onnx/index.js";
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import type { GraphValue } from "../../../foundation/contracts/graph.js";
import type { MultilabelTarget } from "../../../foundation/contracts/structured.js";
import type { Predictions, Target } from "../../../foundation/contracts/target.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import { sigmoid, softmaxRows } from "../numeric/links.js";

/** What networks learn to say of a row: a class, a number, or any number of labels. */
export type NetworkTarget = Target | MultilabelTarget;

/** As `LabelledFrame`. */
export interface NetworkRows {
  readonly features: Frame;
  readonly target: NetworkTarget;
  readonly weights?: Float64Array;
}

/** As `TrainingData`. */
export interface NetworkData {
  readonly train: NetworkRows;
  readonly validation?: NetworkRows;
}

/** What the scores mean. */
export type NetworkOutcome =
  | { readonly kind: "classes" }
  /** Each output is the log-odds of one label. */
  | { readonly kind: "labels" }
  /** prediction = mean + scale * score. */
  | { readonly kind: "values"; readonly mean: number; readonly scale: number };

/** Values are standardised by their weighted mean and deviation. */
export function outcomeOf(target: NetworkTarget, weights: Float64Array | undefined): NetworkOutcome {
  if (target.task === "multilabel") return { kind: "labels" };
  if (target.task !== "regression") return { kind: "classes" };
  const { values } = target;
  const mean = weightedMean(values.length, weights, (row) => values[row]!);
  const variance = weightedMean(values.length, weights, (row) => (values[row]! - mean) ** 2);
  return { kind: "values", mean, scale: Math.sqrt(variance) };
}

/**
 * What the network learns for each row: class codes, int64 [rows]; flags of labels, int32 [rows, labels]; or values of mean 0 and
 * deviation 1, float32 [rows, 1].
 */
function truthOf(target: NetworkTarget, outcome: NetworkOutcome): Tensor {
  if (target.task === "multilabel") return labelFlags(target);
  if (target.task !== "regression") {
    return { type: "int64", shape: [target.codes.length], data: BigInt64Array.from(target.codes, BigInt) };
  }
  const { mean, scale } = outcome.kind === "values" ? outcome : { mean: 0, scale: 1 };
  const values = Float32Array.from(target.values, (value) => (scale > 0 ? (value - mean) / scale : 0));
  return { type: "float32", shape: [values.length, 1], data: values };
}

function labelFlags({ rows, labels }: MultilabelTarget): Tensor {
  const data = new Int32Array(rows.length * labels.length);
  for (const [row, held] of rows.entries()) for (const label of held) data[row * labels.length + label] = 1;
  return { type: "int32", shape: [rows.length, labels.length], data };
}

/** Weights of mean 1, float32 [rows]. */
function unitWeights(weights: Float64Array): Tensor {
  const mean = weightedMean(weights.length, undefined, (row) => weights[row]!);
  const data = Float32Array.from(weights, (weight) => weight / mean);
  return { type: "float32", shape: [weights.length], data };
}

/** What a network learns from: `truth` and, where rows have weights, `weights`. */
export function learnedTensors(
  { target, weights }: Pick<NetworkRows, "target" | "weights">,
  outcome: NetworkOutcome,
): Record<string, Tensor> {
  const truth = truthOf(target, outcome);
  return weights ? { truth, weights: unitWeights(weights) } : { truth };
}

/** Numbers that a network says of a row: one for each class or label, or 1. */
export function outputsFor(target: NetworkTarget): number {
  if (target.task === "multilabel") return target.labels.length;
  return target.task === "regression" ? 1 : target.classes.length;
}

/** Probabilities, or standardised values, [N, outputs]; of scores [M, N, outputs] the mean over the members. */
export function linkedAnswers(x: Expressions, scores: GraphValue, kind: NetworkOutcome["kind"]): GraphValue {
  const linked = linkedScores(x, scores, kind);
  return scores.shape.length === 3 ? x.mean(linked, [0]) : linked;
}

function linkedScores(x: Expressions, scores: GraphValue, kind: NetworkOutcome["kind"]): GraphValue {
  if (kind === "values") return scores;
  if (kind === "labels") return x.apply("Sigmoid", scores);
  return x.graph.op("Softmax", [scores], { attributes: { axis: { int: -1 } } });
}

/** The same of scores that were computed, row-major [rows, outputs]. */
export function linkedScoreRows(
  scores: Float64Array,
  outputs: number,
  { kind }: NetworkOutcome,
): Float64Array {
  if (kind === "values") return scores;
  return kind === "labels" ? scores.map(sigmoid) : softmaxRows(scores, outputs);
}

/** What the graph of a model gives: probabilities as they are, values in the target's own unit. */
export function inOwnUnit(x: Expressions, answers: GraphValue, outcome: NetworkOutcome): GraphValue {
  if (outcome.kind !== "values") return answers;
  return x.add(x.mul(answers, outcome.scale), outcome.mean);
}

/** The same of answers that were computed, row-major [rows, outputs]; probabilities of labels do not sum to 1. */
export function predictionsOf(outcome: NetworkOutcome, outputs: number, answers: Float32Array): Predictions {
  const values = Float64Array.from(answers);
  if (outcome.kind === "values") {
    return { kind: "values", values: values.map((value) => outcome.mean + outcome.scale * value) };
  }
  const probabilities = outcome.kind === "labels" ? values : normalized(values, outputs);
  return { kind: "probabilities", values: probabilities, classes: outputs };
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

/** Weighted mean log loss of probabilities, for labels the mean over them, or squared error of standardised values, row-major [rows, outputs]. */
export function meanLoss(
  answers: Float32Array,
  outputs: number,
  { target, weights }: Pick<NetworkRows, "target" | "weights">,
  outcome: NetworkOutcome,
): number {
  const { type, shape, data } = truthOf(target, outcome);
  const truth = data as BigInt64Array | Int32Array | Float32Array;
  const surprise = (probability: number) => -Math.log(Math.max(LEAST_PROBABILITY, probability));
  const rowLoss = (row: number): number => {
    if (type === "float32") return (answers[row]! - Number(truth[row]!)) ** 2;
    if (type === "int64") return surprise(answers[row * outputs + Number(truth[row]!)]!);
    let sum = 0;
    for (let at = row * outputs; at < (row + 1) * outputs; at++) {
      sum += surprise(truth[at] === 1 ? answers[at]! : 1 - answers[at]!);
    }
    return sum / outputs;
  };
  return weightedMean(shape[0]!, weights, rowLoss);
}
