/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { FitDiagnostics, Fitted } from "../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkAnswers } from "../inference.js";
import { inOwnUnit, linkedScores, type NetworkOutcome, predictionsOf } from "../outcome.js";
import { graphInputs, predictionInputs } from "./text-columns.js";
import { type TextShape, textScores } from "./text-network.js";

/** A plain value. */
export interface TextState {
  readonly shape: TextShape;
  readonly tensors: NetworkTensors;
  readonly outcome: NetworkOutcome;
  readonly diagnostics: FitDiagnostics;
}

/** Rows computed at once: the values of a text take much memory. */
const ROWS_AT_ONCE = 32;

export function restoreTextNetwork(state: TextState): Fitted<TextState> {
  const { shape, tensors, outcome } = state;
  const answers = networkAnswers(
    (scope, values) => linkedScores(scope.x, textScores(scope, shape, values), outcome.kind),
    tensors,
    ROWS_AT_ONCE,
  );
  return {
    state,
    diagnostics: state.diagnostics,
    predict: (frame) => predictionsOf(outcome, shape.outputs, answers(predictionInputs(frame, shape.inputs))),
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      const scores = textScores(scope, shape, graphInputs(graph, columns));
      return inOwnUnit(scope.x, linkedScores(scope.x, scores, outcome.kind), outcome);
    },
  };
}
