/**
 * Probabilities from one score a class: each score through its own sigmoid, then the row divided by its sum.
 * Computed as softmax(log sigmoid(z)), which is the same and stays finite where all sigmoids underflow.
 */
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import { emitBinaryProbabilities, emitSoftmax } from "./graph-links.js";
import { binaryProbabilities, softmaxRows, softplus } from "./links.js";

/** z_k = slopes[k] score_k + offsets[k]; one entry only: binary, for class 1. */
export interface Sigmoids {
  readonly slopes: Float64Array;
  readonly offsets: Float64Array;
}

export function oneVersusRest(scores: Float64Array, { slopes, offsets }: Sigmoids): Predictions {
  const outputs = slopes.length;
  const logits = scores.map((score, i) => slopes[i % outputs]! * score + offsets[i % outputs]!);
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

export function emitOneVersusRest(
  graph: GraphBuilder,
  scores: GraphValue,
  { slopes, offsets }: Sigmoids,
): GraphValue {
  const outputs = slopes.length;
  const slope = graph.constant("float32", [1, outputs], Float32Array.from(slopes));
  const offset = graph.constant("float32", [1, outputs], Float32Array.from(offsets));
  const logits = graph.op("Add", [graph.op("Mul", [scores, slope]), offset]);
  if (outputs === 1) return emitBinaryProbabilities(graph, logits);
  const logSigmoids = graph.op("Neg", [graph.op("Softplus", [graph.op("Neg", [logits])])]);
  return emitSoftmax(graph, logSigmoids);
}
