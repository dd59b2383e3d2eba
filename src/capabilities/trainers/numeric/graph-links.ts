/** The links of `links.ts` in the graph. */
import type { GraphBuilder, GraphValue } from "../../../foundation/contracts/graph.js";

/** Scores [N, 1] of the positive class to [N, 2]; both sides by sigmoid, so that small ones keep their digits. */
export function emitBinaryProbabilities(graph: GraphBuilder, scores: GraphValue): GraphValue {
  const negative = graph.op("Sigmoid", [graph.op("Neg", [scores])]);
  const positive = graph.op("Sigmoid", [scores]);
  return graph.op("Concat", [negative, positive], { attributes: { axis: { int: 1 } } });
}

/** Softmax over the columns. */
export function emitSoftmax(graph: GraphBuilder, scores: GraphValue): GraphValue {
  return graph.op("Softmax", [scores], { attributes: { axis: { int: 1 } } });
}

/** float64 to float32. */
export function emitCast(graph: GraphBuilder, value: GraphValue, type: "float32" | "float64"): GraphValue {
  // TensorProto.DataType: FLOAT = 1, DOUBLE = 11.
  return graph.op("Cast", [value], { attributes: { to: { int: type === "float32" ? 1 : 11 } } });
}
