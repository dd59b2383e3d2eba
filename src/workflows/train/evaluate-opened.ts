import { gainTable, gainThreshold } from "../../capabilities/evaluation/business-gain.js";
import { evaluate } from "../../capabilities/evaluation/evaluate.js";
import type { DecisionThreshold } from "../../capabilities/evaluation/evaluation-request.js";
import type { TransformMap } from "../../capabilities/features/index.js";
import { applyCalibration } from "../../capabilities/trainers/calibration/index.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Evaluation, Importance, LearningPoint } from "../../foundation/contracts/evaluation.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import { type Predictions, type Target, takeTarget, takeWeights } from "../../foundation/contracts/target.js";
import type { CrossValidation } from "../../foundation/contracts/trust.js";
import type { Learned } from "../learn/learn.js";
import { heldOutRows, type LearningMaterial } from "../learn/material.js";
import type { Extensions } from "../project/extensions.js";
import { reportedWith } from "../project/metrics.js";
import type { Witness } from "./importance.js";
import type { TrustRequest } from "./trust.js";

export interface Judgement {
  readonly project: Project;
  readonly metric: Metric;
  readonly extensions: Pick<Extensions, "metrics">;
  readonly transforms: TransformMap;
  readonly signal: AbortSignal;
}

/** Binary with a table of gains: the threshold that gains most on held-out rows; otherwise one half. */
export function decisionThreshold(
  { model, heldOut }: Learned,
  material: LearningMaterial,
  { project }: Judgement,
): DecisionThreshold | undefined {
  const { target } = material;
  const { gain } = project.evaluation;
  if (target.task !== "binary" || !gain) return undefined;
  const predictions = applyCalibration(heldOut, model.calibration);
  const input = { target: takeTarget(target, heldOutRows(material)), predictions };
  return {
    value: gainThreshold(input, gainTable(gain, target.classes)).threshold,
    chosenBy: "gain",
    split: "held-out",
  };
}

export interface OpenedRows {
  /** `test`, or `cross-validation`: every row predicted by a model that has not seen it. */
  readonly name: string;
  readonly rows: Int32Array;
  readonly predictions: Predictions;
  readonly baseline: Predictions;
  /** What importance is measured with: the model, or that of the first fold. */
  readonly witness: Witness;
  /** What the folds say one by one, where there are several. */
  readonly crossValidation?: CrossValidation;
  readonly previous?: { readonly name: string; readonly predictions: Predictions };
}

export interface EvaluationSubject {
  readonly frame: Frame;
  readonly target: Target;
  readonly weights?: Float64Array;
  readonly threshold?: DecisionThreshold | undefined;
  readonly learningCurve: readonly LearningPoint[];
  readonly importance: readonly Importance[];
  readonly trust: TrustRequest;
}

/** The evaluation document of the rows opened last. */
export function evaluateOpened(
  opened: OpenedRows,
  subject: EvaluationSubject,
  { project, metric, extensions, signal }: Judgement,
): Evaluation {
  const { target, weights } = subject;
  const { gain, slices, resamples } = project.evaluation;
  return evaluate(
    {
      target: takeTarget(target, opened.rows),
      predictions: opened.predictions,
      ...takeWeights(weights, opened.rows),
      split: opened.name,
      metric,
      metrics: reportedWith(target.task, extensions.metrics, Object.keys(project.task.goals)),
      ...(subject.threshold ? { threshold: subject.threshold } : {}),
      ...(gain && target.task !== "regression" ? { gain: gainTable(gain, target.classes) } : {}),
      features: takeRows(subject.frame, opened.rows),
      rowNumbers: opened.rows,
      slices,
      ...(project.evaluation.baseline ? { baseline: opened.baseline } : {}),
      ...(opened.previous ? { previous: opened.previous } : {}),
      learningCurve: subject.learningCurve,
      importance: subject.importance,
      ...subject.trust,
      ...(opened.crossValidation ? { crossValidation: opened.crossValidation } : {}),
    },
    { random: createRandom(project.seed).fork("evaluation"), resamples, signal },
  );
}
