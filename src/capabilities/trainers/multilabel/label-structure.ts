/** A fitted model of several labels as the answers of the task. */
import type { FittedStructure } from "../../../foundation/contracts/structured-trainer.js";
import type { Fitted } from "../../../foundation/contracts/trainer.js";

/** @param fitted whose "probabilities" are those of labels, each on its own */
export function labelStructure<State>(fitted: Fitted<State>): FittedStructure<State> {
  return {
    state: fitted.state,
    diagnostics: fitted.diagnostics,
    predict(features) {
      const predictions = fitted.predict(features);
      if (predictions.kind !== "probabilities") throw new Error("Labels have probabilities.");
      const { values, classes } = predictions;
      const data = Float32Array.from(values);
      return { probabilities: { type: "float32", shape: [features.rows, classes], data } };
    },
    emit: (graph, columns) => ({ probabilities: fitted.emit(graph, columns) }),
  };
}
