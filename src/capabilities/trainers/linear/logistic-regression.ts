import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import {
  defineTrainer,
  type FitDiagnostics,
  type Fitted,
  type TrainingContext,
  type TrainingData,
} from "../../../foundation/contracts/trainer.js";
import { columnMoments, predictionDesign, trainingDesign } from "../numeric/design.js";
import { exampleWeights } from "../numeric/example-weights.js";
import { emitBinaryProbabilities, emitSoftmax } from "../numeric/graph-links.js";
import { solveLinearProblem } from "../numeric/linear-objective.js";
import { binaryProbabilities, softmaxRows } from "../numeric/links.js";
import { createCheckpoint } from "../numeric/pace.js";
import { binaryLogLoss, multinomialLogLoss } from "../numeric/pointwise-losses.js";
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

const config = z.strictObject({
  inverseRegularization: inverseRegularizationField(),
  penalty: z.enum(["l2", "l1", "elastic-net", "none"]).default("l2").register(fields, {
    title: "Penalty",
    help: "What holds the coefficients small: their squares, their absolute values, both, or nothing.",
  }),
  l1Share: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .register(fields, {
      title: "L1 share",
      help: "Share of the absolute values in the penalty `elastic-net`.",
      tune: { low: 0, high: 1 },
    }),
  intercept: z.boolean().default(true).register(fields, { title: "Fit an intercept" }),
  classWeights: classWeightsField(),
  tolerance: z.number().positive().default(1e-5).register(fields, {
    title: "Tolerance",
    help: "Stop when no component of the gradient of the mean loss (standardised features) exceeds this.",
  }),
  maxIterations: maxIterationsField(500),
});
type Config = z.infer<typeof config>;

interface LogisticState {
  readonly model: LinearModel;
  readonly diagnostics: FitDiagnostics;
}

async function fit(data: TrainingData, options: Config, context: TrainingContext) {
  const { train } = data;
  const target = classificationTarget(train.target, "logistic-regression");
  const design = trainingDesign(train.features, "logistic-regression");
  const weights = exampleWeights(target, train.weights, options.classWeights);
  const moments = columnMoments(design, weights);
  const classes = target.classes.length;
  const strength =
    options.penalty === "none"
      ? 0
      : 1 / (options.inverseRegularization * Math.max(moments.weightSum, 1e-300));
  const l1Share = options.penalty === "l1" ? 1 : options.penalty === "elastic-net" ? options.l1Share : 0;
  const maxIterations = Math.min(options.maxIterations, context.maxIterations ?? Number.POSITIVE_INFINITY);
  const solution = await solveLinearProblem({
    design,
    moments,
    loss: classes === 2 ? binaryLogLoss(target.codes) : multinomialLogLoss(target.codes, classes),
    ...(weights ? { weights } : {}),
    squared: strength * (1 - l1Share),
    absolute: strength * l1Share,
    intercept: options.intercept,
    tolerance: options.tolerance,
    maxIterations,
    checkpoint: createCheckpoint(context, "fit", maxIterations),
  });
  const model = createLinearModel(moments.mean, solution.coefficients, solution.intercepts);
  const { minimum } = solution;
  return restore({
    model,
    diagnostics: {
      ...linearDiagnostics(model, moments.scale, design.names),
      curves: { objective: minimum.curve },
      iterations: minimum.iterations,
      notes: minimum.converged ? [] : [`Stopped at ${minimum.iterations} iterations before convergence.`],
    },
  });
}

function restore(state: LogisticState): Fitted<LogisticState> {
  const { model } = state;
  return {
    state,
    diagnostics: state.diagnostics,
    anatomy: { kind: "linear", space: "log-odds", ...model },
    predict(features) {
      const scores = linearScores(model, predictionDesign(features, model.width));
      return model.outputs === 1
        ? { kind: "probabilities", values: binaryProbabilities(scores), classes: 2 }
        : { kind: "probabilities", values: softmaxRows(scores, model.outputs), classes: model.outputs };
    },
    emit(graph, features) {
      const scores = emitLinearScores(graph, features, model);
      return model.outputs === 1 ? emitBinaryProbabilities(graph, scores) : emitSoftmax(graph, scores);
    },
  };
}

/** Logistic regression, binary or multinomial, by L-BFGS (OWL-QN with an L1 penalty) in float64. */
export const logisticRegression = defineTrainer<typeof config, LogisticState>({
  id: "logistic-regression",
  version: 1,
  summary: "Logistic regression, binary and multinomial, with L2, L1 or elastic-net penalty.",
  config,
  ...LINEAR_CLASSIFIER,
  estimate({ rows, features, classes }) {
    const outputs = classes > 2 ? classes : 1;
    // Scores of several classes share their passes' overhead.
    const passes = classes > 2 ? 35 : 60;
    return {
      seconds: 0.01 + rows * (features + 5) * outputs * passes * 2.2e-9,
      bytes: rows * features * 4 + rows * 16 + features * outputs * 8 * 30,
    };
  },
  fit,
  restore,
  average: averageLinearStates,
});
