/** What the linear regressions share: design, targets, and the fitted model around the coefficients. */
import { weightedMean } from "../../../foundation/base/statistics.js";
import type { FitDiagnostics, Fitted, LabelledFrame } from "../../../foundation/contracts/trainer.js";
import { averageShares } from "../numeric/average-shares.js";
import {
  type ColumnMoments,
  columnMoments,
  predictionDesign,
  type TrainingDesign,
  trainingDesign,
} from "../numeric/design.js";
import { regressionTarget } from "../numeric/targets.js";
import {
  averageDiagnostics,
  averageLinearModels,
  createLinearModel,
  emitLinearScores,
  type LinearModel,
  linearDiagnostics,
  linearScores,
} from "./linear-model.js";

export interface RegressionState {
  readonly model: LinearModel;
  readonly diagnostics: FitDiagnostics;
}

export interface RegressionProblem {
  readonly design: TrainingDesign;
  /** Means are 0 where no intercept is fitted. */
  readonly moments: ColumnMoments;
  readonly values: Float64Array;
  readonly weights: Float64Array | undefined;
  readonly intercept: boolean;
}

export function regressionProblem(
  { features, target, weights }: LabelledFrame,
  trainer: string,
  intercept: boolean,
): RegressionProblem {
  const design = trainingDesign(features, trainer);
  const moments = columnMoments(design, weights);
  return {
    design,
    moments: intercept ? moments : { ...moments, mean: new Float64Array(design.width) },
    values: regressionTarget(target, trainer).values,
    weights,
    intercept,
  };
}

/** The weighted mean of the target; 0 where no intercept is fitted. */
export function targetMean({ values, weights, intercept }: RegressionProblem): number {
  return intercept ? weightedMean(values.length, weights, (row) => values[row]!) : 0;
}

/** `standardized` are the coefficients of (x - mean) / scale; `meanTarget` the prediction at the mean. */
export function fittedRegression(
  { design, moments }: RegressionProblem,
  standardized: Float64Array,
  meanTarget: number,
  diagnostics: FitDiagnostics,
): Fitted<RegressionState> {
  const coefficients = standardized.map((value, j) => value / moments.scale[j]!);
  let intercept = meanTarget;
  for (let j = 0; j < coefficients.length; j++) intercept -= coefficients[j]! * moments.mean[j]!;
  const model = createLinearModel(moments.mean, coefficients, Float64Array.of(intercept));
  return restoreRegression({
    model,
    diagnostics: { ...linearDiagnostics(model, moments.scale, design.names), ...diagnostics },
  });
}

export function restoreRegression(state: RegressionState): Fitted<RegressionState> {
  const { model } = state;
  return {
    state,
    diagnostics: state.diagnostics,
    anatomy: { kind: "linear", space: "value", ...model },
    predict: (features) => ({
      kind: "values",
      values: linearScores(model, predictionDesign(features, model.width)),
    }),
    emit: (graph, features) => emitLinearScores(graph, features, model),
  };
}

/** The state of a linear model with nothing beside it. */
export function averageLinearStates<State extends RegressionState>(
  states: readonly State[],
  weights?: readonly number[],
): RegressionState {
  const shares = averageShares(states.length, weights);
  const model = averageLinearModels(
    states.map((state) => state.model),
    shares,
  );
  const diagnostics = averageDiagnostics(
    states.map((state) => state.diagnostics),
    shares,
    model,
  );
  return { model, diagnostics };
}

/** What every linear regression declares. */
export const LINEAR_REGRESSION = {
  tasks: ["regression"],
  capabilities: {
    features: "linear",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: false,
    smooth: true,
  },
} as const;
