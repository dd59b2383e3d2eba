/** What every linear trainer ends in: scores = (x - center) W' + offset, in TypeScript and in the graph. */

import type { GraphBuilder, GraphColumn, GraphValue } from "../../../foundation/contracts/graph.js";
import type { FitDiagnostics } from "../../../foundation/contracts/trainer.js";
import { meanArray } from "../numeric/average-shares.js";
import { type Design, designInGraph } from "../numeric/design.js";
import { importanceShares } from "../numeric/shares.js";

/** A plain value. */
export interface LinearModel {
  readonly width: number;
  readonly outputs: number;
  /**
   * Subtracted before the product: large features that vary little (years, prices) would otherwise lose
   * their digits in the float32 sums of the graph. Float32, so that the graph subtracts the same numbers.
   */
  readonly center: Float32Array;
  /** One row per output: `outputs * width`. */
  readonly coefficients: Float64Array;
  /** The scores at `center`. */
  readonly offsets: Float64Array;
}

/** From coefficients and intercepts in the units of the features. */
export function createLinearModel(
  mean: Float64Array,
  coefficients: Float64Array,
  intercepts: Float64Array,
): LinearModel {
  const width = mean.length;
  const outputs = intercepts.length;
  const center = Float32Array.from(mean);
  const offsets = intercepts.map((intercept, k) => {
    let sum = intercept;
    for (let j = 0; j < width; j++) sum += coefficients[k * width + j]! * center[j]!;
    return sum;
  });
  return { width, outputs, center, coefficients, offsets };
}

/** Intercepts in the units of the features: the scores at 0. */
export function intercepts({ width, center, coefficients, offsets }: LinearModel): Float64Array {
  return offsets.map((offset, k) => {
    let sum = offset;
    for (let j = 0; j < width; j++) sum -= coefficients[k * width + j]! * center[j]!;
    return sum;
  });
}

/** The model whose scores are the mean of theirs; the centres are only where scores are anchored, and average too. */
export function averageLinearModels(models: readonly LinearModel[], shares: Float64Array): LinearModel {
  const part = <Name extends "center" | "coefficients">(name: Name) =>
    meanArray(
      models.map((model) => model[name]),
      shares,
    );
  const atZero = meanArray(models.map(intercepts), shares);
  return createLinearModel(part("center"), part("coefficients"), atZero);
}

/** Importances averaged by name; iterations of the longest fit; what any of the fits noted. */
export function averageDiagnostics(
  all: readonly FitDiagnostics[],
  shares: Float64Array,
  { coefficients }: LinearModel,
): FitDiagnostics {
  const importance: Record<string, number> = {};
  for (const [k, diagnostics] of all.entries()) {
    for (const [name, share] of Object.entries(diagnostics.importance ?? {})) {
      importance[name] = (importance[name] ?? 0) + shares[k]! * share;
    }
  }
  const iterations = all.flatMap((diagnostics) => diagnostics.iterations ?? []);
  return {
    importance,
    size: {
      coefficients: coefficients.length,
      nonZero: coefficients.reduce((count, value) => count + (value !== 0 ? 1 : 0), 0),
    },
    ...(iterations.length > 0 ? { iterations: Math.max(...iterations) } : {}),
    notes: [...new Set(all.flatMap((diagnostics) => diagnostics.notes ?? []))],
  };
}

/** Row-major `rows * outputs`, float64. */
export function linearScores(model: LinearModel, design: Design): Float64Array {
  const { width, outputs, center, coefficients, offsets } = model;
  const scores = new Float64Array(design.rows * outputs);
  const centered = new Float64Array(width);
  for (let row = 0; row < design.rows; row++) {
    for (let j = 0; j < width; j++) centered[j] = design.values[row * width + j]! - center[j]!;
    for (let k = 0; k < outputs; k++) {
      let sum = offsets[k]!;
      const base = k * width;
      for (let j = 0; j < width; j++) sum += coefficients[base + j]! * centered[j]!;
      scores[row * outputs + k] = sum;
    }
  }
  return scores;
}

/** Float32 [N, outputs]. */
export function emitLinearScores(
  graph: GraphBuilder,
  features: readonly GraphColumn[],
  model: LinearModel,
): GraphValue {
  const { width, outputs, center, coefficients, offsets } = model;
  const centered = graph.op("Sub", [
    designInGraph(graph, features),
    graph.constant("float32", [1, width], center),
  ]);
  const weights = graph.constant("float32", [outputs, width], Float32Array.from(coefficients));
  const bias = graph.constant("float32", [outputs], Float32Array.from(offsets));
  return graph.op("Gemm", [centered, weights, bias], { attributes: { transB: { int: 1 } } });
}

/** Importance and size: the share of |coefficient| times the feature's standard deviation, over all outputs. */
export function linearDiagnostics(
  model: LinearModel,
  scale: Float64Array,
  names: readonly string[],
): Pick<FitDiagnostics, "importance" | "size"> {
  const { width, outputs, coefficients } = model;
  const strength = new Float64Array(width);
  let nonZero = 0;
  for (let k = 0; k < outputs; k++) {
    for (let j = 0; j < width; j++) {
      const coefficient = coefficients[k * width + j]!;
      if (coefficient !== 0) nonZero++;
      strength[j]! += Math.abs(coefficient) * scale[j]!;
    }
  }
  return { importance: importanceShares(names, strength), size: { coefficients: width * outputs, nonZero } };
}

/** What every linear classifier declares. */
export const LINEAR_CLASSIFIER = {
  tasks: ["binary", "multiclass"],
  capabilities: {
    features: "linear",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: false,
    calibrated: true,
    smooth: true,
  },
} as const;
