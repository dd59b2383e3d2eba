import { z } from "zod";
import { gather } from "../../../foundation/base/gather.js";
import type { ClassTarget } from "../../../foundation/contracts/target.js";
import {
  defineTrainer,
  type FitDiagnostics,
  type Fitted,
  type TrainingContext,
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import {
  columnMoments,
  predictionDesign,
  type TrainingDesign,
  takeDesignRows,
  trainingDesign,
} from "../numeric/design.js";
import { exampleWeights } from "../numeric/example-weights.js";
import { rowsOfFold, stratifiedFolds } from "../numeric/folds.js";
import { type LinearSolution, solveLinearProblem } from "../numeric/linear-objective.js";
import { emitOneVersusRest, oneVersusRest } from "../numeric/one-versus-rest.js";
import { createCheckpoint } from "../numeric/pace.js";
import { fitSigmoid } from "../numeric/platt.js";
import { squaredHingeLoss } from "../numeric/pointwise-losses.js";
import { classificationTarget } from "../numeric/targets.js";
import {
  createLinearModel,
  emitLinearScores,
  LINEAR_CLASSIFIER,
  type LinearModel,
  linearDiagnostics,
  linearScores,
} from "./linear-model.js";
import { averageLinearStates } from "./regression-model.js";
import { classWeightsField, inverseRegularizationField, maxIterationsField } from "./shared-fields.js";

const FOLDS = 5;

const config = z.strictObject({
  inverseRegularization: inverseRegularizationField(),
  classWeights: classWeightsField(),
  maxIterations: maxIterationsField(500),
});
type Config = z.infer<typeof config>;

/** Logit of output k: slopes[k] * score + offsets[k]. */
interface Sigmoids {
  readonly slopes: Float64Array;
  readonly offsets: Float64Array;
}

interface LinearSvmState {
  /** Scores; above 0 is class 1, or the output's class. */
  readonly model: LinearModel;
  readonly sigmoids: Sigmoids;
  readonly diagnostics: FitDiagnostics;
}

async function fit({ train }: TrainingData, options: Config, context: TrainingContext) {
  const target = classificationTarget(train.target, "linear-svm");
  const design = trainingDesign(train.features, "linear-svm");
  const weights = exampleWeights(target, train.weights, options.classWeights);
  const maxIterations = Math.min(options.maxIterations, context.maxIterations ?? Number.POSITIVE_INFINITY);
  const checkpoint = createCheckpoint(context, "fit", maxIterations);
  const solveRows = async (
    part: TrainingDesign,
    codes: Int32Array,
    partWeights: Float64Array | undefined,
    start?: Float64Array,
  ) => {
    const moments = columnMoments(part, partWeights);
    const mean = 1 / Math.max(moments.weightSum, 1e-300);
    const solution = await solveLinearProblem({
      design: part,
      moments,
      loss: squaredHingeLoss(codes, target.classes.length),
      ...(partWeights ? { weights: partWeights } : {}),
      squared: mean / options.inverseRegularization,
      absolute: 0,
      intercept: true,
      tolerance: 1e-5,
      maxIterations,
      checkpoint,
      ...(start ? { start } : {}),
    });
    return { solution, moments };
  };
  const { solution, moments } = await solveRows(design, target.codes, weights);
  const model = createLinearModel(moments.mean, solution.coefficients, solution.intercepts);
  const heldOut = await heldOutScores(design, target, weights, solution, context, solveRows);
  return restore({
    model,
    sigmoids: fitSigmoids(heldOut, target, weights),
    diagnostics: {
      ...linearDiagnostics(model, moments.scale, design.names),
      curves: { objective: solution.minimum.curve },
      iterations: solution.minimum.iterations,
    },
  });
}

type SolveRows = (
  part: TrainingDesign,
  codes: Int32Array,
  weights: Float64Array | undefined,
  start: Float64Array,
) => Promise<{ solution: LinearSolution; moments: { readonly mean: Float64Array } }>;

/**
 * Scores of each row by a model that has not seen it: Platt's sigmoid fitted on training scores would be
 * too sure of itself. Each fold starts from the solution on all rows, so that it costs few iterations.
 */
async function heldOutScores(
  design: TrainingDesign,
  target: ClassTarget,
  weights: Float64Array | undefined,
  { minimum, intercepts }: LinearSolution,
  context: TrainingContext,
  solveRows: SolveRows,
): Promise<Float64Array> {
  const outputs = intercepts.length;
  const scores = new Float64Array(design.rows * outputs);
  const folds = stratifiedFolds(target.codes, FOLDS, context.random.fork("platt"));
  for (let fold = 0; fold < FOLDS; fold++) {
    const inside = rowsOfFold(folds, fold, false);
    const outside = rowsOfFold(folds, fold, true);
    if (inside.length === 0 || outside.length === 0) continue;
    const { solution, moments } = await solveRows(
      { ...takeDesignRows(design, inside), names: design.names },
      Int32Array.from(inside, (row) => target.codes[row]!),
      weights && gather(weights, inside),
      minimum.point,
    );
    const model = createLinearModel(moments.mean, solution.coefficients, solution.intercepts);
    const part = linearScores(model, takeDesignRows(design, outside));
    for (const [i, row] of outside.entries()) {
      scores.set(part.subarray(i * outputs, (i + 1) * outputs), row * outputs);
    }
  }
  return scores;
}

/** One sigmoid for each output; binary: one, for class 1. */
function fitSigmoids(scores: Float64Array, target: ClassTarget, weights: Float64Array | undefined): Sigmoids {
  const outputs = target.classes.length === 2 ? 1 : target.classes.length;
  const rows = target.codes.length;
  const slopes = new Float64Array(outputs);
  const offsets = new Float64Array(outputs);
  for (let k = 0; k < outputs; k++) {
    const column = Float64Array.from({ length: rows }, (_, row) => scores[row * outputs + k]!);
    const positive = target.codes.map((code) => (code === (outputs === 1 ? 1 : k) ? 1 : 0));
    const { slope, offset } = fitSigmoid(column, positive, weights);
    slopes[k] = slope;
    offsets[k] = offset;
  }
  return { slopes, offsets };
}

/**
 * The sigmoids folded into the coefficients: scores that differ little get steep sigmoids, which would blow up
 * the rounding of float32 scores in the graph.
 */
function logitModel({ model, sigmoids }: LinearSvmState): LinearModel {
  const { width, coefficients, offsets } = model;
  return {
    ...model,
    coefficients: coefficients.map((value, i) => value * sigmoids.slopes[Math.floor(i / width)]!),
    offsets: offsets.map((value, k) => value * sigmoids.slopes[k]! + sigmoids.offsets[k]!),
  };
}

function restore(state: LinearSvmState): Fitted<LinearSvmState> {
  const logits = logitModel(state);
  return {
    state,
    diagnostics: state.diagnostics,
    predict: (features) =>
      oneVersusRest(linearScores(logits, predictionDesign(features, logits.width)), logits.outputs),
    emit: (graph, features) =>
      emitOneVersusRest(graph, emitLinearScores(graph, features, logits), logits.outputs),
  };
}

/** The mean of the logits: each model's sigmoids go into its coefficients first. */
function average(states: readonly LinearSvmState[], weights?: readonly number[]): LinearSvmState {
  const logits = states.map((state) => ({ ...state, model: logitModel(state) }));
  const averaged = averageLinearStates(logits, weights);
  const outputs = averaged.model.outputs;
  return {
    ...averaged,
    sigmoids: { slopes: new Float64Array(outputs).fill(1), offsets: new Float64Array(outputs) },
  };
}

/** L2-regularised squared hinge loss, one class against the rest, intercept free; probabilities by Platt. */
export const linearSvm = defineTrainer<typeof config, LinearSvmState>({
  id: "linear-svm",
  version: 1,
  summary: "Linear support vector machine with probabilities by Platt scaling.",
  config,
  ...LINEAR_CLASSIFIER,
  estimate({ rows, features, classes }) {
    const outputs = classes > 2 ? classes : 1;
    return {
      seconds: 0.01 + rows * (features + 5) * outputs * 260 * 2.2e-9,
      bytes: rows * features * 8 + rows * outputs * 8,
    };
  },
  fit,
  restore,
  average,
});
