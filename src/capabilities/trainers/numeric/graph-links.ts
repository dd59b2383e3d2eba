/** The links of `links.ts` in the graph. */
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";

/**
 * Scores [N, 1] of the positive class to [N, 2]: the softmax of (-score / 2, score / 2). Unlike the runtime's
 * float32 Sigmoid (off by 6e-8 absolute) it keeps the digits of small probabilities.
 */
export function emitBinaryProbabilities(graph: GraphBuilder, scores: GraphValue): GraphValue {
  const halves = graph.constant("float32", [1, 2], Float32Array.of(-0.5, 0.5));
  return emitSoftmax(graph, graph.op("Mul", [scores, halves]));
}

/** Softmax over the columns. */
export function emitSoftmax(graph: GraphBuilder, scores: GraphValue): GraphValue {
  return graph.op("Softmax", [scores], { attributes: { axis: { int: 1 } } });
}
