/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { FitDiagnostics, Fitted } from "../../../../foundation/contracts/trainer.js";
import { designInGraph, predictionDesign } from "../../numeric/design.js";
import { exportScope, type NetworkTensors, networkAnswers } from "../inference.js";
import { inOwnUnit, linkedScores, type NetworkOutcome, predictionsOf } from "../outcome.js";
import { rowsAtOnce, type TokenShape, tokenScores } from "./token-network.js";

/** A plain value. */
export interface TokenState {
  readonly shape: TokenShape;
  readonly tensors: NetworkTensors;
  readonly outcome: NetworkOutcome;
  readonly diagnostics: FitDiagnostics;
}

export function restoreTokenNetwork(state: TokenState): Fitted<TokenState> {
  const { shape, tensors, outcome } = state;
  const answers = networkAnswers(
    (scope, { matrix }) => linkedScores(scope.x, tokenScores(scope, shape, matrix!), outcome.kind),
    tensors,
    rowsAtOnce(shape),
  );
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const { rows, width, values } = predictionDesign(features, shape.features);
      const matrix = { type: "float32", shape: [rows, width], data: values } as const;
      return predictionsOf(outcome, shape.outputs, answers({ matrix }));
    },
    emit(graph, features) {
      const scope = exportScope(graph, tensors);
      const scores = tokenScores(scope, shape, designInGraph(graph, features, shape.codes));
      return inOwnUnit(scope.x, linkedScores(scope.x, scores, outcome.kind), outcome);
    },
  };
}
