export { createTraining } from "./create-training.js";
export { createDropoutPool, type DropoutPool, dropout } from "./dropout.js";
export { createEvaluation, type Evaluation, type EvaluationDefinition } from "./evaluation.js";
export { gradients } from "./gradients.js";
export { type BatchSource, createBatchOrder } from "./loop/batch-source.js";
export { openCheckpoints } from "./loop/checkpoints.js";
export { type FitDefinition, fitTraining } from "./loop/fit.js";
export * from "./losses/index.js";
export * from "./optimizers/index.js";
export type { ParameterSpecification } from "./parameters.js";
export * from "./schedules.js";
export type {
  StepGraph,
  Training,
  TrainingDefinition,
  TrainingState,
} from "./training.js";
