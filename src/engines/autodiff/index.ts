export { createDropoutPool, type DropoutPool, dropout } from "./dropout.js";
export { gradients } from "./gradients.js";
export { binaryCrossEntropy, crossEntropy, huber, squaredError, weightedMean } from "./losses.js";
export { type AdamWOptions, adamW, clipByNorm, type Optimizer, type SgdOptions, sgd } from "./optimizers.js";
export { ParameterLayout, type ParameterSpecification } from "./parameters.js";
export { constant, cosine, coslog4, oneCycle, type Schedule, warmUp } from "./schedules.js";
export {
  createTraining,
  type StepGraph,
  type Training,
  type TrainingDefinition,
  type TrainingState,
} from "./training.js";
