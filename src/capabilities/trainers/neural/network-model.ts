/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { Expressions } from "../../../engines/onnx/index.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { FitDiagnostics, Fitted } from "../../../foundation/contracts/trainer.js";
import { designInGraph, predictionDesign } from "../numeric/design.js";
import { exportScope, type NetworkTensors, networkAnswers } from "./inference.js";
import { type NetworkShape, networkScores } from "./network.js";
import { inOwnUnit, linkedScores, type NetworkOutcome, predictionsOf } from "./outcome.js";
import type { Scope } from "./scope.js";

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
  const linked = linkedScores(x, scores, kind);
  return shape.members === 1 ? linked : x.mean(linked, [0]);
}

function outputsOf({ shape, outcome }: NetworkState, scope: Scope, matrix: GraphValue): GraphValue {
  return networkOutputs(scope.x, shape, networkScores(scope, shape, matrix), outcome.kind);
}

function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: NetworkState): GraphValue {
  const scope = exportScope(graph, state.tensors);
  const made = outputsOf(state, scope, designInGraph(graph, features));
  return inOwnUnit(scope.x, made, state.outcome);
}

export function restoreNetwork(state: NetworkState): Fitted<NetworkState> {
  const answers = networkAnswers((scope, { matrix }) => outputsOf(state, scope, matrix!), state.tensors);
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const { rows, width, values } = predictionDesign(features, state.shape.features);
      const matrix = { type: "float32", shape: [rows, width], data: values } as const;
      return predictionsOf(state.outcome, state.shape.outputs, answers({ matrix }));
    },
    emit: (graph, features) => emit(graph, features, state),
  };
}
