export { createDropoutPool, type DropoutPool, dropout } from "./dropout.js";
export { createEvaluation, type Evaluation, type EvaluationDefinition } from "./evaluation.js";
export { crossEntropy, squaredError } from "./losses.js";
export { type AdamWOptions, adamW, type Optimizer } from "./optimizers/index.js";
export type { ParameterSpecification } from "./parameters.js";
export { constant, cosine, coslog4, oneCycle, type Schedule } from "./schedules.js";
export {
  createTraining,
  type StepGraph,
  type Training,
  type TrainingDefinition,
  type TrainingState,
} from "./training.js";
