/** The fitted kernel ridge: weighted sums of a radial kernel about stored points, and the softmax of a classifier. */
import { DenseAlgebra, type RadialKernel } from "../../../engines/kernels/dense-algebra.js";
import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import type { FitDiagnostics, Fitted } from "../../../foundation/contracts/trainer.js";
import { type Design, designInGraph, predictionDesign } from "../numeric/design.js";
import { centeredRows, emitCenteredSquaredDistances, type StoredPoints } from "../numeric/distances.js";
import { emitSoftmax } from "../numeric/graph-links.js";
import { softmaxRows } from "../numeric/links.js";

/** A plain value. Outputs are logits of the classes, or one value. */
export interface RadialExpansion extends StoredPoints {
  readonly kernel: RadialKernel;
  /** Times the squared distance. */
  readonly gamma: number;
  /** `outputs * rows`. */
  readonly coefficients: Float64Array;
  readonly offsets: Float64Array;
  readonly outcome: "classes" | "value";
  readonly diagnostics: FitDiagnostics;
}

const BLOCK_ROWS = 512;

/** Row-major `design.rows * outputs`. */
function expand(state: RadialExpansion, design: Design): Float64Array {
  const { rows, width, center, coefficients, offsets } = state;
  const outputs = offsets.length;
  const result = new Float64Array(design.rows * outputs);
  const algebra = DenseAlgebra.acquire();
  try {
    const points = algebra.copy(centeredRows({ ...state, values: state.points }, center), rows, width);
    const weights = algebra.copy(coefficients, outputs, rows);
    const queries = centeredRows(design, center);
    const mark = algebra.mark();
    for (let start = 0; start < design.rows; start += BLOCK_ROWS) {
      const count = Math.min(BLOCK_ROWS, design.rows - start);
      const block = queries.subarray(start * width, (start + count) * width);
      const kernel = algebra.matrix(count, rows);
      algebra.squaredDistances(kernel, algebra.copy(block, count, width), points);
      algebra.kernelValues(kernel, kernel, state.kernel, state.gamma);
      const scores = algebra.matrix(count, outputs);
      for (let i = 0; i < count; i++) scores.values.set(offsets, i * outputs);
      algebra.addProduct(scores, kernel, weights);
      result.set(scores.values, start * outputs);
      algebra.freeTo(mark);
    }
  } finally {
    algebra.release();
  }
  return result;
}

/** Float64 kernel values of `scaled`, gamma times the squared distances. */
function emitKernel(graph: GraphBuilder, scaled: GraphValue, kernel: RadialKernel): GraphValue {
  const scalar = (value: number) => graph.scalar(value, "float64");
  if (kernel === "gaussian") return graph.op("Exp", [graph.op("Neg", [scaled])]);
  const factor = { matern52: 10, matern32: 6, exponential: 2 }[kernel];
  const root = graph.op("Sqrt", [graph.op("Mul", [scaled, scalar(factor)])]);
  const falling = graph.op("Exp", [graph.op("Neg", [root])]);
  if (kernel === "exponential") return falling;
  const linear = graph.op("Add", [root, scalar(1)]);
  if (kernel === "matern32") return graph.op("Mul", [linear, falling]);
  const third = graph.op("Mul", [graph.op("Mul", [root, root]), scalar(1 / 3)]);
  return graph.op("Mul", [graph.op("Add", [linear, third]), falling]);
}

/** Float64 until the end: coefficients of either sign add up. */
function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: RadialExpansion): GraphValue {
  const { rows, gamma, coefficients, offsets, outcome } = state;
  const scaled = emitCenteredSquaredDistances(graph, designInGraph(graph, features), state, gamma);
  const matrix = graph.constant("float64", [offsets.length, rows], coefficients);
  const scores = graph.op(
    "Gemm",
    [
      emitKernel(graph, scaled, state.kernel),
      matrix,
      graph.constant("float64", [1, offsets.length], offsets),
    ],
    { attributes: { transB: { int: 1 } } },
  );
  return cast(graph, outcome === "classes" ? emitSoftmax(graph, scores) : scores, "float32");
}

export function restoreRadialExpansion(state: RadialExpansion): Fitted<RadialExpansion> {
  return {
    state,
    diagnostics: state.diagnostics,
    predict(features) {
      const values = expand(state, predictionDesign(features, state.width));
      const classes = state.offsets.length;
      return state.outcome === "value"
        ? { kind: "values", values }
        : { kind: "probabilities", values: softmaxRows(values, classes), classes };
    },
    emit: (graph, features) => emit(graph, features, state),
  };
}
