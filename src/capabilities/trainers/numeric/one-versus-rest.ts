/**
 * Probabilities from one logit a class: each through its own sigmoid, then the row divided by its sum.
 * Computed as softmax(log sigmoid(z)), which is the same and stays finite where all sigmoids underflow.
 */
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import { emitBinaryProbabilities, emitSoftmax } from "./graph-links.js";
import { binaryProbabilities, softmaxRows, softplus } from "./links.js";

/** `logits`: row-major, `outputs` a row; one only: binary, for class 1. */
export function oneVersusRest(logits: Float64Array, outputs: number): Predictions {
  return outputs === 1
    ? { kind: "probabilities", values: binaryProbabilities(logits), classes: 2 }
    : {
        kind: "probabilities",
        values: softmaxRows(
          logits.map((logit) => -softplus(-logit)),
          outputs,
        ),
        classes: outputs,
      };
}

export function emitOneVersusRest(graph: GraphBuilder, logits: GraphValue, outputs: number): GraphValue {
  if (outputs === 1) return emitBinaryProbabilities(graph, logits);
  const logSigmoids = graph.op("Neg", [graph.op("Softplus", [graph.op("Neg", [logits])])]);
  return emitSoftmax(graph, logSigmoids);
}
