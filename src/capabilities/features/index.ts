export { createHostTransforms, type HanSegmenter, type HostServices } from "./host/index.js";
export { givenSubwords, subwords } from "./host/subwords/subwords.js";
export { createHanSegmenter } from "./jieba.js";
export { applyPipeline } from "./pipeline/apply.js";
export { emitPipeline } from "./pipeline/emit.js";
export { columnsAfterSteps, type FitOptions, fitAfterSteps, fitPipeline } from "./pipeline/fit.js";
export {
  type FeaturePlan,
  type FittedPipeline,
  featureLineage,
  graphInputs,
  hostSteps,
  type PipelineStep,
  rawColumns,
  type TransformMap,
} from "./pipeline/pipeline.js";
export { type SharedPipeline, sharePipelines } from "./pipeline/share.js";
export { type ColumnFacts, describeColumns } from "./plan/facts.js";
export type { PlanLimits } from "./plan/limits.js";
export { planFeatures } from "./plan/plan.js";
export { expectedPieces, expectedWidth } from "./plan/width.js";
export { createTransforms } from "./transforms.js";
