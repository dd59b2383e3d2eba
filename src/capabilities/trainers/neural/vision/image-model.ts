/** The fitted network: the same layers make predictions here and in the exported graph. */
import type { FitDiagnostics, Fitted } from "../../../../foundation/contracts/trainer.js";
import { exportScope, type NetworkTensors, networkAnswers } from "../inference.js";
import { inOwnUnit, linkedScores, type NetworkOutcome, predictionsOf } from "../outcome.js";
import { graphInputs, predictionInputs } from "./image-inputs.js";
import { type ImageShape, imageScores } from "./image-network.js";

/** A plain value. */
export interface ImageState {
  readonly shape: ImageShape;
  readonly tensors: NetworkTensors;
  readonly outcome: NetworkOutcome;
  readonly diagnostics: FitDiagnostics;
}

/** Rows computed at once: the channels of an image take much memory. */
const ROWS_AT_ONCE = 32;

export function restoreImageNetwork(state: ImageState): Fitted<ImageState> {
  const { shape, tensors, outcome } = state;
  const answers = networkAnswers(
    (scope, values) => linkedScores(scope.x, imageScores(scope, shape, values), outcome.kind),
    tensors,
    ROWS_AT_ONCE,
  );
  return {
    state,
    diagnostics: state.diagnostics,
    predict: (frame) => predictionsOf(outcome, shape.outputs, answers(predictionInputs(frame, shape.inputs))),
    emit(graph, columns) {
      const scope = exportScope(graph, tensors);
      const scores = imageScores(scope, shape, graphInputs(graph, columns));
      return inOwnUnit(scope.x, linkedScores(scope.x, scores, outcome.kind), outcome);
    },
  };
}
