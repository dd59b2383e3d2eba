/**
 * Quern's programming interface: the same workflows as the command line, and what extensions are made with.
 *
 * ```ts
 * import { predictFile, train } from "quern";
 * const result = await train({ project: { task: { target: "churn" }, data: { source: "customers.csv" } } });
 * await predictFile({ model: result.model, source: "new.csv", out: "predictions.csv" });
 * ```
 */
export { type ErrorCode, QuernError } from "./foundation/base/errors.js";
export { QUERN_VERSION } from "./foundation/base/version.js";
export { type BundleMetrics, type Manifest, manifestSchema } from "./foundation/contracts/bundle.js";
export type { ColumnKind, ColumnSchema } from "./foundation/contracts/column.js";
export { type Detector, defineDetector } from "./foundation/contracts/detector.js";
export type { EvaluateResult, Evaluation } from "./foundation/contracts/evaluation.js";
export { type FieldMetadata, fields, type WorkContext } from "./foundation/contracts/extension.js";
export type { Finding } from "./foundation/contracts/finding.js";
export type { Column, Frame } from "./foundation/contracts/frame.js";
export type { GraphBuilder, GraphColumn, GraphValue } from "./foundation/contracts/graph.js";
export { defineMetric, type Metric } from "./foundation/contracts/metric.js";
export type { Prediction, Row } from "./foundation/contracts/prediction.js";
export type { Profile } from "./foundation/contracts/profile.js";
export { type Project, type ProjectInput, projectSchema } from "./foundation/contracts/project.js";
export { type RunEvent, type TrainResult, trainResultSchema } from "./foundation/contracts/run.js";
export type { Store } from "./foundation/contracts/store.js";
export type { Predictions, Target, TaskType } from "./foundation/contracts/target.js";
export { defineTrainer, type Fitted, type Trainer } from "./foundation/contracts/trainer.js";
export { defineTransform, type Transform } from "./foundation/contracts/transform.js";
export type { WorkflowOptions } from "./workflows/context.js";
export {
  experimentStatus,
  startBandit,
  startExperiment,
  stopExperiment,
  updateExperiment,
} from "./workflows/experiment/run-experiment.js";
export { exportLabels, importLabels, listLabels } from "./workflows/label/label-queue.js";
export { initProject } from "./workflows/project/init-project.js";
export { readProjectFile } from "./workflows/project/project-file.js";
export { type RetrainRequest, retrainModel } from "./workflows/retrain/retrain.js";
export { openModels, type ServedModels } from "./workflows/serve/open-pool.js";
export { planTraining, type TrainingPlan } from "./workflows/train/plan-training.js";
export { type TrainOptions, train } from "./workflows/train/train.js";
export { listModels, listRuns, showRun } from "./workflows/use/browse-store.js";
export { compareVersions, listDatasets, showDataset } from "./workflows/use/compare-datasets.js";
export { type Diagnosis, examine } from "./workflows/use/doctor.js";
export { evaluateModel } from "./workflows/use/evaluate-model.js";
export { explainModel, type ModelExplanation } from "./workflows/use/explain-model.js";
export {
  type ExplainRowsRequest,
  type ExplainRowsResult,
  explainRows,
} from "./workflows/use/explain-rows.js";
export { exportModel } from "./workflows/use/export-model.js";
export {
  type DetectorImport,
  type ImportModelRequest,
  type ImportModelResult,
  importDetectorModel,
  importModel,
} from "./workflows/use/import-detector.js";
export { loadModel } from "./workflows/use/load-model.js";
export { predictFile } from "./workflows/use/predict-file.js";
export { profileData } from "./workflows/use/profile-data.js";
export { type MonitorRequest, monitorModel } from "./workflows/watch/monitor.js";
