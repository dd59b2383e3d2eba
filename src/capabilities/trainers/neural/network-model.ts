/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { Expressions } from "../../../engines/onnx/index.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { FitDiagnostics, Fitted } from "../../../foundation/contracts/trainer.js";
import { designInGraph, predictionDesign } from "../numeric/design.js";
import { exportScope, type NetworkTensors, networkAnswers } from "./inference.js";
import { type NetworkShape, networkScores } from "./network.js";
import type { Scope } from "./scope.js";

/** What the scores mean. */
export type NetworkOutcome =
  | { readonly kind: "classes" }
  /** prediction = mean + scale * score. */
  | { readonly kind: "values"; readonly mean: number; readonly scale: number };

/** A plain value. */
export interface NetworkState {
  readonly shape: NetworkShape;
  readonly tensors: NetworkTensors;
  readonly outcome: NetworkOutcome;
  readonly diagnostics: FitDiagnostics;
}

/**
 * What is predicted from scores [N, outputs] or [M, N, outputs]: float32 [N, outputs], probabilities or standardised
 * values, averaged over the members.
 */
export function networkOutputs(
  x: Expressions,
  shape: NetworkShape,
  scores: GraphValue,
  kind: NetworkOutcome["kind"],
): GraphValue {
  const linked =
    kind === "classes" ? x.graph.op("Softmax", [scores], { attributes: { axis: { int: -1 } } }) : scores;
  return shape.members === 1 ? linked : x.mean(linked, [0]);
}

function outputsOf({ shape, outcome }: NetworkState, scope: Scope, matrix: GraphValue): GraphValue {
  return networkOutputs(scope.x, shape, networkScores(scope, shape, matrix), outcome.kind);
}

function predictionsOf({ outcome, shape }: NetworkState, answers: Float32Array): Predictions {
  const values = Float64Array.from(answers);
  if (outcome.kind === "values") {
    return { kind: "values", values: values.map((value) => outcome.mean + outcome.scale * value) };
  }
  return { kind: "probabilities", values: normalized(values, shape.outputs), classes: shape.outputs };
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

function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: NetworkState): GraphValue {
  const scope = exportScope(graph, state.tensors);
  const made = outputsOf(state, scope, designInGraph(graph, features));
  const { outcome } = state;
  if (outcome.kind === "classes") return made;
  return scope.x.add(scope.x.mul(made, outcome.scale), outcome.mean);
}

export function restoreNetwork(state: NetworkState): Fitted<NetworkState> {
  const answers = networkAnswers((scope, { matrix }) => outputsOf(state, scope, matrix!), state.tensors);
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const { rows, width, values } = predictionDesign(features, state.shape.features);
      return predictionsOf(
        state,
        answers({ matrix: { type: "float32", shape: [rows, width], data: values } }),
      );
    },
    emit: (graph, features) => emit(graph, features, state),
  };
}
