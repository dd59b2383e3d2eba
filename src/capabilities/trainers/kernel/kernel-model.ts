/** The fitted machine: kernel values with the support vectors, decisions, and what they mean. */
import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { FitDiagnostics, Fitted } from "../../../foundation/contracts/trainer.js";
import { type Design, designInGraph, predictionDesign } from "../numeric/design.js";
import {
  centeredRows,
  dotProducts,
  emitCenteredSquaredDistances,
  type StoredPoints,
  squaredNorms,
} from "../numeric/distances.js";
import { emitPairCoupling, pairCoupling } from "./pair-coupling.js";

export type KernelOutcome =
  | {
      readonly kind: "classes";
      readonly classes: number;
      /** Logit that the second class of each pair is the right one: slope * decision + offset. */
      readonly slopes: Float64Array;
      readonly offsets: Float64Array;
    }
  /** prediction = mean + scale * decision. */
  | { readonly kind: "values"; readonly mean: number; readonly scale: number };

/** A plain value; `points` are the support vectors. */
export interface KernelState extends StoredPoints {
  readonly gamma: number;
  /** `decisions * rows`. */
  readonly coefficients: Float64Array;
  readonly biases: Float64Array;
  readonly outcome: KernelOutcome;
  readonly diagnostics: FitDiagnostics;
}

/** Row-major `design.rows * decisions`. */
function decisions(design: Design, state: KernelState, support: Float64Array): Float64Array {
  const { rows, width, center, gamma, coefficients, biases } = state;
  const queries = centeredRows(design, center);
  const queryNorms = squaredNorms(queries, design.rows, width);
  const supportNorms = squaredNorms(support, rows, width);
  const kernel = new Float64Array(rows);
  const result = new Float64Array(design.rows * biases.length);
  for (let query = 0; query < design.rows; query++) {
    dotProducts(queries, query * width, support, rows, width, kernel);
    for (let i = 0; i < rows; i++) {
      const squared = queryNorms[query]! + supportNorms[i]! - 2 * kernel[i]!;
      kernel[i] = Math.exp(-gamma * Math.max(0, squared));
    }
    for (let k = 0; k < biases.length; k++) {
      let sum = -biases[k]!;
      const base = k * rows;
      for (let i = 0; i < rows; i++) sum += coefficients[base + i]! * kernel[i]!;
      result[query * biases.length + k] = sum;
    }
  }
  return result;
}

/** Float64 throughout: decisions add thousands of terms of either sign. */
function emitDecisions(
  graph: GraphBuilder,
  features: readonly GraphColumn[],
  state: KernelState,
): GraphValue {
  const { rows, gamma, coefficients, biases } = state;
  // gamma * squared distance, so that the kernel is exp of its negative.
  const scaled = emitCenteredSquaredDistances(graph, designInGraph(graph, features), state, gamma);
  const kernel = graph.op("Exp", [graph.op("Neg", [scaled])]);
  const matrix = graph.constant("float64", [biases.length, rows], coefficients);
  const bias = graph.constant(
    "float64",
    [1, biases.length],
    biases.map((value) => -value),
  );
  return graph.op("Gemm", [kernel, matrix, bias], { attributes: { transB: { int: 1 } } });
}

function predict(state: KernelState, design: Design, support: Float64Array): Predictions {
  const values = decisions(design, state, support);
  const { outcome } = state;
  if (outcome.kind === "values") {
    return { kind: "values", values: values.map((value) => outcome.mean + outcome.scale * value) };
  }
  const pairs = outcome.slopes.length;
  const logits = values.map((value, i) => outcome.slopes[i % pairs]! * value + outcome.offsets[i % pairs]!);
  return {
    kind: "probabilities",
    values: pairCoupling(logits, outcome.classes),
    classes: outcome.classes,
  };
}

function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: KernelState): GraphValue {
  const values = emitDecisions(graph, features, state);
  const { outcome } = state;
  if (outcome.kind === "values") {
    const scaled = graph.op("Mul", [values, graph.scalar(outcome.scale, "float64")]);
    return cast(graph, graph.op("Add", [scaled, graph.scalar(outcome.mean, "float64")]), "float32");
  }
  const pairs = outcome.slopes.length;
  const slopes = graph.constant("float64", [1, pairs], outcome.slopes);
  const offsets = graph.constant("float64", [1, pairs], outcome.offsets);
  const logits = graph.op("Add", [graph.op("Mul", [values, slopes]), offsets]);
  return cast(graph, emitPairCoupling(graph, logits, outcome.classes), "float32");
}

export function restoreKernelModel(state: KernelState): Fitted<KernelState> {
  let support: Float64Array | undefined;
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const design = predictionDesign(features, state.width);
      const { points, rows, width, center } = state;
      support ??= centeredRows({ values: points, rows, width }, center);
      return predict(state, design, support);
    },
    emit: (graph, features) => emit(graph, features, state),
  };
}
