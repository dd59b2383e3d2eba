import type { Frame } from "../../../foundation/contracts/frame.js";
import {
  concatFeatures,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { Fitted } from "../../../foundation/contracts/trainer.js";
import { emitScores } from "../tree-ensemble/emit.js";
import { importanceShares, namedShares } from "../tree-ensemble/importance.js";
import { predictScores } from "../tree-ensemble/predict.js";
import { ensembleSize, type TreeEnsemble } from "../tree-ensemble/tree-ensemble.js";
import type { Link } from "./objectives.js";

export interface GbdtState {
  readonly ensemble: TreeEnsemble;
  readonly link: Link;
  readonly names: readonly string[];
  /** By iteration; empty without validation. */
  readonly validationLoss: Float64Array;
  readonly iterations: number;
  readonly bestIteration: number;
}

/** A model from its state. */
export function restoreGbdt(state: GbdtState): Fitted<GbdtState> {
  const { ensemble, link, validationLoss } = state;
  return {
    state,
    predict: (features: Frame) => applyLink(predictScores(ensemble, features), link, ensemble.outputs),
    emit: (graph: GraphBuilder, features: readonly GraphColumn[]) =>
      emitLink(graph, emitScores(graph, ensemble, concatFeatures(graph, features)), link),
    diagnostics: {
      importance: namedShares(importanceShares(ensemble, "gain"), state.names),
      curves: validationLoss.length > 0 ? { validationLoss: Array.from(validationLoss) } : {},
      iterations: state.iterations,
      bestIteration: state.bestIteration,
      size: ensembleSize(ensemble),
    },
  };
}

function applyLink(scores: Float64Array, link: Link, outputs: number): Predictions {
  switch (link) {
    case "identity":
      return { kind: "values", values: scores };
    case "exp":
      return { kind: "values", values: scores.map(Math.exp) };
    case "sigmoid":
      return { kind: "probabilities", values: sigmoidPairs(scores), classes: 2 };
    case "softmax":
      return { kind: "probabilities", values: softmaxRows(scores, outputs), classes: outputs };
  }
}

function sigmoidPairs(scores: Float64Array): Float64Array {
  const values = new Float64Array(scores.length * 2);
  for (const [row, score] of scores.entries()) {
    const positive = 1 / (1 + Math.exp(-score));
    values[2 * row] = 1 - positive;
    values[2 * row + 1] = positive;
  }
  return values;
}

function softmaxRows(scores: Float64Array, outputs: number): Float64Array {
  const values = new Float64Array(scores.length);
  for (let at = 0; at < scores.length; at += outputs) {
    const row = scores.subarray(at, at + outputs);
    const top = row.reduce((most, score) => Math.max(most, score), Number.NEGATIVE_INFINITY);
    let sum = 0;
    for (let k = 0; k < outputs; k++) sum += values[at + k] = Math.exp(row[k]! - top);
    for (let k = 0; k < outputs; k++) values[at + k] = values[at + k]! / sum;
  }
  return values;
}

function emitLink(graph: GraphBuilder, scores: GraphValue, link: Link): GraphValue {
  switch (link) {
    case "identity":
      return scores;
    case "exp":
      return graph.op("Exp", [scores]);
    case "softmax":
      return graph.op("Softmax", [scores], { attributes: { axis: { int: 1 } } });
    case "sigmoid": {
      const positive = graph.op("Sigmoid", [scores]);
      const negative = graph.op("Sub", [graph.scalar(1), positive]);
      return graph.op("Concat", [negative, positive], { attributes: { axis: { int: 1 } } });
    }
  }
}
