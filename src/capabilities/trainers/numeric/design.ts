/** Dense design matrices of the classical trainers, and the one rule for values that are not finite. */
import { QuernError } from "../../../foundation/base/errors.js";
import { featureViews } from "../../../foundation/contracts/feature-matrix.js";
import type { Frame } from "../../../foundation/contracts/frame.js";
import {
  concatFeatures,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";

/** Row-major, `rows * width`, every value finite. */
export interface Design {
  readonly rows: number;
  readonly width: number;
  readonly values: Float32Array;
}

export interface TrainingDesign extends Design {
  readonly names: readonly string[];
}

/** A code of a category that is missing or unseen, in a matrix. */
const MISSING_CODE = -1;

/**
 * The matrix to learn from.
 * @throws QuernError TRAINING_FAILED naming trainer, column and row of the first value that is not finite:
 * a model must not learn from guesses, so missing values are imputed by the pipeline before.
 */
export function trainingDesign(frame: Frame, trainer: string): TrainingDesign {
  const views = featureViews(frame);
  const width = views.length;
  const values = new Float32Array(frame.rows * width);
  for (const [k, view] of views.entries()) {
    for (let row = 0; row < frame.rows; row++) {
      const value = view.values[view.offset + row * view.stride]!;
      // x - x is NaN for NaN and both infinities.
      const isNumber = value - value === 0;
      if (!isNumber && !view.categories) throw notFinite(trainer, view.name, row, value);
      values[row * width + k] = isNumber ? value : MISSING_CODE;
    }
  }
  return { rows: frame.rows, width, values, names: views.map((view) => view.name) };
}

function notFinite(trainer: string, column: string, row: number, value: number): QuernError {
  return new QuernError(
    "TRAINING_FAILED",
    `The trainer ${trainer} needs finite features; column ${JSON.stringify(column)} holds ${value} in row ${row}.`,
    {
      hint: "Impute the column before this trainer, or use a trainer that takes missing values.",
      details: { trainer, column, row },
    },
  );
}

/**
 * The matrix to predict from. A value that is not finite is read as 0 (the mean of a scaled feature, the
 * absence of a count), a code as missing, because a served model must answer; `designInGraph` does the same in the graph.
 */
export function predictionDesign(frame: Frame, expectedWidth: number): Design {
  const views = featureViews(frame);
  const width = views.length;
  if (width !== expectedWidth) {
    throw new Error(`The model was fitted on ${expectedWidth} features, the frame has ${width}.`);
  }
  const values = new Float32Array(frame.rows * width);
  for (const [k, view] of views.entries()) {
    for (let row = 0; row < frame.rows; row++) {
      const value = view.values[view.offset + row * view.stride]!;
      values[row * width + k] = value - value === 0 ? value : view.categories ? MISSING_CODE : 0;
    }
  }
  return { rows: frame.rows, width, values };
}

/**
 * Float32 [N, D]: the feature columns joined, values that are not finite replaced by 0, codes by that of the missing.
 * @param codes positions of codes
 */
export function designInGraph(
  graph: GraphBuilder,
  features: readonly GraphColumn[],
  codes: ArrayLike<number> = [],
): GraphValue {
  const joined = concatFeatures(graph, features);
  const notFinite = graph.op("IsNaN", [graph.op("Sub", [joined, joined])]);
  return graph.op("Where", [notFinite, replacement(graph, Number(joined.shape[1]), codes), joined]);
}

function replacement(graph: GraphBuilder, width: number, codes: ArrayLike<number>): GraphValue {
  if (codes.length === 0) return graph.scalar(0);
  const values = new Float32Array(width);
  for (const position of Array.from(codes)) values[position] = MISSING_CODE;
  return graph.constant("float32", [1, width], values);
}

/** The given rows as a matrix of their own. */
export function takeDesignRows(design: Design, rows: ArrayLike<number>): Design {
  const { width } = design;
  const values = new Float32Array(rows.length * width);
  for (let i = 0; i < rows.length; i++) {
    const start = rows[i]! * width;
    values.set(design.values.subarray(start, start + width), i * width);
  }
  return { rows: rows.length, width, values };
}

export interface ColumnMoments {
  /** Weighted means. */
  readonly mean: Float64Array;
  /** Weighted standard deviations (divisor: the sum of the weights). */
  readonly deviation: Float64Array;
  /** `deviation`, but 1 for constant columns: what to divide by. */
  readonly scale: Float64Array;
  /** Number of rows where there are no weights. */
  readonly weightSum: number;
}

/** Two passes, float64. `weights` absent: all 1. */
export function columnMoments(design: Design, weights?: Float64Array): ColumnMoments {
  const { rows, width, values } = design;
  const sums = new Float64Array(width);
  let weightSum = 0;
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row]! : 1;
    weightSum += weight;
    const base = row * width;
    for (let k = 0; k < width; k++) sums[k]! += weight * values[base + k]!;
  }
  const mean = sums.map((sum) => (weightSum > 0 ? sum / weightSum : 0));
  const squares = new Float64Array(width);
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row]! : 1;
    const base = row * width;
    for (let k = 0; k < width; k++) {
      const deviation = values[base + k]! - mean[k]!;
      squares[k]! += weight * deviation * deviation;
    }
  }
  const deviation = squares.map((square) => (weightSum > 0 ? Math.sqrt(square / weightSum) : 0));
  // What rounding leaves of a constant column is not variation.
  const scale = deviation.map((value, k) => (value > Math.abs(mean[k]!) * 1e-12 ? value : 1));
  return { mean, deviation, scale, weightSum };
}
