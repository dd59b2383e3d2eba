/**
 * Naive Bayes on counts. Both models end in scores = x W' + constant; W are log probabilities of features
 * within a class (multinomial) or their negated, normalised logs outside it (complement; Rennie and others,
 * Tackling the poor assumptions of naive Bayes text classifiers, 2003).
 */

import { QuernError } from "../../../foundation/base/errors.js";
import {
  cast,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "../../../foundation/contracts/graph.js";
import type { FitDiagnostics, Fitted, LabelledFrame } from "../../../foundation/contracts/trainer.js";
import {
  type Design,
  designInGraph,
  predictionDesign,
  type TrainingDesign,
  trainingDesign,
} from "../numeric/design.js";
import { classCounts } from "../numeric/example-weights.js";
import { emitSoftmax } from "../numeric/graph-links.js";
import { importanceShares } from "../numeric/shares.js";
import { classificationTarget } from "../numeric/targets.js";
import { probabilitiesOf } from "./naive-bayes-model.js";

export interface CountState {
  readonly width: number;
  readonly classes: number;
  /** `classes * width`. */
  readonly weights: Float64Array;
  readonly constant: Float64Array;
  readonly diagnostics: FitDiagnostics;
}

export interface FeatureCounts {
  readonly design: TrainingDesign;
  /** Total weight of each class. */
  readonly classes: Float64Array;
  /** Summed features of each class, `classes * width`. */
  readonly sums: Float64Array;
}

/** @throws QuernError TRAINING_FAILED naming the column that holds a negative value. */
export function countFeatures({ features, target, weights }: LabelledFrame, trainer: string): FeatureCounts {
  const { codes, classes } = classificationTarget(target, trainer);
  const design = trainingDesign(features, trainer);
  const { rows, width, values, names } = design;
  const sums = new Float64Array(classes.length * width);
  for (let row = 0; row < rows; row++) {
    const weight = weights ? weights[row]! : 1;
    const base = codes[row]! * width;
    for (let j = 0; j < width; j++) {
      const value = values[row * width + j]!;
      if (value < 0) throw negativeCount(trainer, names[j]!, row, value);
      sums[base + j]! += weight * value;
    }
  }
  return { design, classes: classCounts({ task: "multiclass", codes, classes }, weights), sums };
}

function negativeCount(trainer: string, column: string, row: number, value: number): QuernError {
  return new QuernError(
    "TRAINING_FAILED",
    `The trainer ${trainer} needs counts; column ${JSON.stringify(column)} holds ${value} in row ${row}.`,
    {
      hint: "Use non-negative features (counts, TF-IDF, one-hot, min-max scaling) or gaussian-naive-bayes.",
      details: { trainer, column, row },
    },
  );
}

/** @param weights `classes * width` */
export function fittedCounts(
  counts: FeatureCounts,
  weights: Float64Array,
  constant: Float64Array,
): Fitted<CountState> {
  const { design, classes } = counts;
  const diagnostics = countDiagnostics(counts, weights);
  return restoreCountModel({ width: design.width, classes: classes.length, weights, constant, diagnostics });
}

/** Importance: how much the weights of a feature differ between classes, times how often it occurs. */
function countDiagnostics({ design, sums, classes }: FeatureCounts, weights: Float64Array): FitDiagnostics {
  const { width, names } = design;
  const strength = new Float64Array(width);
  for (let j = 0; j < width; j++) {
    let mean = 0;
    let frequency = 0;
    for (let k = 0; k < classes.length; k++) {
      mean += weights[k * width + j]! / classes.length;
      frequency += sums[k * width + j]!;
    }
    for (let k = 0; k < classes.length; k++) {
      strength[j]! += frequency * Math.abs(weights[k * width + j]! - mean);
    }
  }
  return { importance: importanceShares(names, strength), size: { weights: weights.length } };
}

function scores(design: Design, { width, classes, weights, constant }: CountState): Float64Array {
  const result = new Float64Array(design.rows * classes);
  for (let row = 0; row < design.rows; row++) {
    for (let k = 0; k < classes; k++) {
      let sum = constant[k]!;
      for (let j = 0; j < width; j++) sum += weights[k * width + j]! * design.values[row * width + j]!;
      result[row * classes + k] = sum;
    }
  }
  return result;
}

/** Float64: a long text sums thousands of logs near -10, of which only the differences matter. */
function emit(graph: GraphBuilder, features: readonly GraphColumn[], state: CountState): GraphValue {
  const { width, classes, weights, constant } = state;
  const counts = cast(graph, designInGraph(graph, features), "float64");
  const matrix = graph.constant("float64", [classes, width], weights);
  const constants = graph.constant("float64", [1, classes], constant);
  const joint = graph.op("Gemm", [counts, matrix, constants], { attributes: { transB: { int: 1 } } });
  return cast(graph, emitSoftmax(graph, joint), "float32");
}

export function restoreCountModel(state: CountState): Fitted<CountState> {
  return {
    state,
    diagnostics: state.diagnostics,
    predict: (features) =>
      probabilitiesOf(scores(predictionDesign(features, state.width), state), state.classes),
    emit: (graph, features) => emit(graph, features, state),
  };
}
