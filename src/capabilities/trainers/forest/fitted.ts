import type { Frame } from "../../../foundation/contracts/frame.js";
import {
  concatFeatures,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { Fitted } from "../../../foundation/contracts/trainer.js";
import { averageShares } from "../numeric/average-shares.js";
import { averageEnsembles } from "../tree-ensemble/average.js";
import { emitScores } from "../tree-ensemble/emit.js";
import { importanceShares, namedShares } from "../tree-ensemble/importance.js";
import { predictScores } from "../tree-ensemble/predict.js";
import { pruneEnsemble } from "../tree-ensemble/prune.js";
import { ensembleSize, type TreeEnsemble } from "../tree-ensemble/tree-ensemble.js";

export interface ForestState {
  /** Outputs: the value; the share of the second of two classes; or the share of each class. */
  readonly ensemble: TreeEnsemble;
  /** 0 for regression. */
  readonly classes: number;
  readonly names: readonly string[];
}

/** A model from its state. */
export function restoreForest(state: ForestState): Fitted<ForestState> {
  const { ensemble, classes, names } = state;
  return {
    state,
    anatomy: { kind: "trees", space: classes === 0 ? "value" : "share", trees: ensemble },
    predict: (features: Frame) => toPredictions(predictScores(ensemble, features), classes),
    emit: (graph: GraphBuilder, features: readonly GraphColumn[]) =>
      emitPredictions(graph, emitScores(graph, ensemble, concatFeatures(graph, features)), classes),
    diagnostics: {
      importance: namedShares(importanceShares(ensemble, "gain"), names),
      size: ensembleSize(ensemble),
    },
  };
}

/** One forest with the trees of all; of single trees, a forest. */
function averageForests(states: readonly ForestState[], weights?: readonly number[]): ForestState {
  const ensembles = states.map((state) => state.ensemble);
  return { ...states[0]!, ensemble: averageEnsembles(ensembles, averageShares(states.length, weights)) };
}

function shrinkForest(state: ForestState, maxBytes: number): ForestState {
  return { ...state, ensemble: pruneEnsemble(state.ensemble, maxBytes) };
}

function toPredictions(scores: Float64Array, classes: number): Predictions {
  if (classes === 0) return { kind: "values", values: scores };
  if (classes !== 2) return { kind: "probabilities", values: normalizeRows(scores, classes), classes };
  const values = new Float64Array(scores.length * 2);
  for (const [row, score] of scores.entries()) {
    // Leaf shares of an unequal average are rounded: their sum may miss 0 and 1 by that much.
    const share = Math.min(1, Math.max(0, score));
    values[2 * row] = 1 - share;
    values[2 * row + 1] = share;
  }
  return { kind: "probabilities", values, classes };
}

/** Leaf shares are float32, so their sum is 1 but for rounding. */
function normalizeRows(scores: Float64Array, classes: number): Float64Array {
  for (let at = 0; at < scores.length; at += classes) {
    let sum = 0;
    for (let k = 0; k < classes; k++) sum += scores[at + k]!;
    for (let k = 0; k < classes; k++) scores[at + k] = scores[at + k]! / sum;
  }
  return scores;
}

function emitPredictions(graph: GraphBuilder, scores: GraphValue, classes: number): GraphValue {
  if (classes !== 2) return scores;
  const positive = graph.op("Clip", [scores, graph.scalar(0), graph.scalar(1)]);
  const negative = graph.op("Sub", [graph.scalar(1), positive]);
  return graph.op("Concat", [negative, positive], { attributes: { axis: { int: 1 } } });
}

/** What every trainer of forests declares. */
export const FOREST = {
  tasks: ["binary", "multiclass", "regression"],
  capabilities: {
    features: "tree",
    missingValues: true,
    categories: true,
    sampleWeights: true,
    earlyStopping: false,
  },
  restore: restoreForest,
  average: averageForests,
  shrink: shrinkForest,
} as const;
