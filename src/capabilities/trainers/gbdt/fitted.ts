import type { Frame } from "../../../foundation/contracts/frame.js";
import {
  concatFeatures,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { Fitted } from "../../../foundation/contracts/trainer.js";
import { averageShares, meanArray } from "../numeric/average-shares.js";
import { binaryProbabilities, softmaxRows } from "../numeric/links.js";
import { averageEnsembles } from "../tree-ensemble/average.js";
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

const SCORE_SPACES = {
  identity: "value",
  exp: "log-value",
  sigmoid: "log-odds",
  softmax: "log-odds",
} as const;

/** A model from its state. */
export function restoreGbdt(state: GbdtState): Fitted<GbdtState> {
  const { ensemble, link, validationLoss } = state;
  return {
    state,
    // Shapley values of trees are of constant leaves.
    ...(ensemble.linear
      ? {}
      : { anatomy: { kind: "trees", space: SCORE_SPACES[link], trees: ensemble } as const }),
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

/** One model with the trees of all; the curve is the mean of theirs as far as the shortest goes. */
export function averageGbdt(states: readonly GbdtState[], weights?: readonly number[]): GbdtState {
  const shares = averageShares(states.length, weights);
  const curveLength = Math.min(...states.map((state) => state.validationLoss.length));
  const meanOf = (value: (state: GbdtState) => number) =>
    Math.round(states.reduce((sum, state, k) => sum + shares[k]! * value(state), 0));
  return {
    ...states[0]!,
    ensemble: averageEnsembles(
      states.map((state) => state.ensemble),
      shares,
    ),
    validationLoss: meanArray(
      states.map((state) => state.validationLoss.subarray(0, curveLength)),
      shares,
    ),
    iterations: meanOf((state) => state.iterations),
    bestIteration: meanOf((state) => state.bestIteration),
  };
}

function applyLink(scores: Float64Array, link: Link, outputs: number): Predictions {
  switch (link) {
    case "identity":
      return { kind: "values", values: scores };
    case "exp":
      return { kind: "values", values: scores.map(Math.exp) };
    case "sigmoid":
      return { kind: "probabilities", values: binaryProbabilities(scores), classes: 2 };
    case "softmax":
      return { kind: "probabilities", values: softmaxRows(scores, outputs), classes: outputs };
  }
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
