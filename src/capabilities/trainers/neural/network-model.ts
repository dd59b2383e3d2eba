/** The fitted network: the same layers make predictions here and in the exported graph. */
import { EagerGraph, Expressions } from "../../../engines/onnx/index.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { FitDiagnostics, Fitted } from "../../../foundation/contracts/trainer.js";
import { designInGraph, predictionDesign } from "../numeric/design.js";
import { exportScope, type NetworkTensors } from "./inference.js";
import { type NetworkShape, networkScores } from "./network.js";

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

/** Rows computed at once, so that intermediate values stay in the processor's caches. */
const CHUNK_ROWS = 256;

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

function outputs(
  graph: GraphBuilder,
  { shape, tensors, outcome }: NetworkState,
  matrix: GraphValue,
): GraphValue {
  const scope = exportScope(graph, tensors);
  return networkOutputs(scope.x, shape, networkScores(scope, shape, matrix), outcome.kind);
}

function predict(state: NetworkState, rows: number, values: Float32Array): Predictions {
  const { features, outputs: width } = state.shape;
  const result = new Float64Array(rows * width);
  for (let start = 0; start < rows; start += CHUNK_ROWS) {
    const count = Math.min(CHUNK_ROWS, rows - start);
    const graph = new EagerGraph();
    const chunk = values.subarray(start * features, (start + count) * features);
    const made = outputs(graph, state, graph.constant("float32", [count, features], chunk));
    result.set(graph.dataOf(made), start * width);
  }
  const { outcome } = state;
  if (outcome.kind === "values") {
    return { kind: "values", values: result.map((value) => outcome.mean + outcome.scale * value) };
  }
  return { kind: "probabilities", values: normalized(result, width), classes: width };
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
  const x = new Expressions(graph);
  const made = outputs(graph, state, designInGraph(graph, features));
  const { outcome } = state;
  if (outcome.kind === "classes") return made;
  return x.add(x.mul(made, outcome.scale), outcome.mean);
}

export function restoreNetwork(state: NetworkState): Fitted<NetworkState> {
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const { rows, values } = predictionDesign(features, state.shape.features);
      return predict(state, rows, values);
    },
    emit: (graph, features) => emit(graph, features, state),
  };
}
