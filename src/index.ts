/**
 * Quern's programming interface: the same workflows as the command line, and what extensions are made with.
 *
 * ```ts
 * import { predictFile, train } from "quern";
 * const result = await train({ project: { task: { target: "churn" }, data: { source: "customers.csv" } } });
 * await predictFile({ model: result.model, source: "new.csv", out: "predictions.csv" });
 * ```
 *
 * Every workflow takes a request and `WorkflowOptions` (store, folder, threads, signal, logger) and throws `QuernError`s.
 */

// ---- what workflows have in common ----------------------------------------------------------------------------

export { type ErrorCode, QuernError } from "./foundation/base/errors.js";
export type { Logger } from "./foundation/base/logger.js";
export { QUERN_VERSION } from "./foundation/base/version.js";
export { type Project, type ProjectInput, projectSchema } from "./foundation/contracts/project.js";
export type { WorkflowOptions } from "./workflows/context.js";
export { type InitRequest, initProject } from "./workflows/project/init-project.js";
export { type ProjectFile, readProjectFile } from "./workflows/project/project-file.js";
export type { ReadingOptions } from "./workflows/use/reading.js";

// ---- data -----------------------------------------------------------------------------------------------------

export type { ColumnKind, ColumnSchema } from "./foundation/contracts/column.js";
export type { DatasetComparison } from "./foundation/contracts/dataset.js";
export type { Finding } from "./foundation/contracts/finding.js";
export type { Profile } from "./foundation/contracts/profile.js";
export { compareVersions, listDatasets, showDataset } from "./workflows/use/compare-datasets.js";
export { type ProfileRequest, type ProfileResult, profileData } from "./workflows/use/profile-data.js";

// ---- training -------------------------------------------------------------------------------------------------

export type { RunEvent } from "./foundation/contracts/run.js";
export { type TrainResult, trainResultSchema } from "./foundation/contracts/run.js";
export {
  type BuildEmbedderRequest,
  type BuildEmbedderResult,
  buildEmbedder,
} from "./workflows/embed/build-embedder.js";
export { type RetrainRequest, retrainModel } from "./workflows/retrain/retrain.js";
export { planTraining, type TrainingPlan } from "./workflows/train/plan-training.js";
export { type TrainOptions, train } from "./workflows/train/train.js";
export {
  type DetectorImport,
  type ImportModelRequest,
  type ImportModelResult,
  importDetectorModel,
  importModel,
} from "./workflows/use/import-detector.js";

// ---- models in use --------------------------------------------------------------------------------------------

export type { LoadedBundle } from "./capabilities/bundles/index.js";
export { type RunningServer, type ServeRequest, serveModels } from "./entries/http/index.js";
export { type BundleMetrics, type Manifest, manifestSchema } from "./foundation/contracts/bundle.js";
export type { EvaluateResult, Evaluation } from "./foundation/contracts/evaluation.js";
export type { ClassPrediction, Prediction, Row, ValuePrediction } from "./foundation/contracts/prediction.js";
export type { StructuredAnswer } from "./foundation/contracts/structured-answers.js";
export {
  type FindSimilarRequest,
  type FindSimilarResult,
  findSimilar,
} from "./workflows/embed/find-similar.js";
export { openModels, type ServedModels } from "./workflows/serve/open-pool.js";
export { type EvaluateRequest, evaluateModel } from "./workflows/use/evaluate-model.js";
export { explainModel, type ModelExplanation } from "./workflows/use/explain-model.js";
export {
  type ExplainRowsRequest,
  type ExplainRowsResult,
  explainRows,
} from "./workflows/use/explain-rows.js";
export { type ExportRequest, type ExportResult, exportModel } from "./workflows/use/export-model.js";
export { loadModel } from "./workflows/use/load-model.js";
export {
  type PredictFileRequest,
  type PredictFileResult,
  predictFile,
} from "./workflows/use/predict-file.js";

// ---- which version answers, and how well ----------------------------------------------------------------------

export type { Deployment, DeploymentChange } from "./foundation/contracts/deployment.js";
export type { ExperimentResult } from "./foundation/contracts/experiment.js";
export type { LabelResult } from "./foundation/contracts/label-queue.js";
export type { MonitoringSettings, MonitorResult } from "./foundation/contracts/monitoring.js";
export type { AliasChange, Approval, Gates, Promotion } from "./foundation/contracts/registry.js";
export type { RetrainResult } from "./foundation/contracts/retrain.js";
export {
  type BanditRequest,
  type ExperimentRequest,
  experimentStatus,
  startBandit,
  startExperiment,
  stopExperiment,
  updateExperiment,
} from "./workflows/experiment/run-experiment.js";
export {
  exportLabels,
  importLabels,
  type LabelExport,
  type LabelImport,
  listLabels,
  skipLabels,
} from "./workflows/label/label-queue.js";
export { type DeployRequest, deploy } from "./workflows/serve/deploy.js";
export {
  type ApproveRequest,
  aliasHistory,
  approve,
  type PromoteRequest,
  promote,
  type RollbackRequest,
  rollback,
} from "./workflows/serve/promote.js";
export { type MonitorRequest, monitorModel } from "./workflows/watch/monitor.js";

// ---- the store ------------------------------------------------------------------------------------------------

export type {
  Dataset,
  DatasetSummary,
  ModelSummary,
  Run,
  RunSummary,
  Store,
  Trial,
} from "./foundation/contracts/store.js";
export { listModels, listRuns, showRun } from "./workflows/use/browse-store.js";
export { type Diagnosis, examine } from "./workflows/use/doctor.js";

// ---- extensions -----------------------------------------------------------------------------------------------

export {
  configurationAt,
  coordinateOf,
  parentsFirst,
  Tried,
  uniformConfiguration,
} from "./capabilities/tuning/index.js";
export { type DriftTest, type DriftTestInput, defineDriftTest } from "./foundation/contracts/drift-test.js";
export { type FieldMetadata, fields, type WorkContext } from "./foundation/contracts/extension.js";
export { denseRowMajor } from "./foundation/contracts/feature-matrix.js";
export { defineFinder, type Finder, type FinderInput } from "./foundation/contracts/finder.js";
export { type Column, columnOf, createFrame, type Frame } from "./foundation/contracts/frame.js";
export {
  concatFeatures,
  type GraphBuilder,
  type GraphColumn,
  type GraphValue,
} from "./foundation/contracts/graph.js";
export { defineMetric, type Metric } from "./foundation/contracts/metric.js";
export { definePruner, type Pruner } from "./foundation/contracts/pruner.js";
export { defineSampler, type Sampler } from "./foundation/contracts/sampler.js";
export {
  defineStructuredTrainer,
  type FittedStructure,
  type StructuredTrainer,
} from "./foundation/contracts/structured-trainer.js";
export type { Predictions, Target, TaskType } from "./foundation/contracts/target.js";
export { defineTrainer, type Fitted, type Trainer } from "./foundation/contracts/trainer.js";
export { defineTransform, type Transform } from "./foundation/contracts/transform.js";
