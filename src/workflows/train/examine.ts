import { gainTable, gainThreshold } from "../../capabilities/evaluation/business-gain.js";
import { evaluate } from "../../capabilities/evaluation/evaluate.js";
import type { DecisionThreshold } from "../../capabilities/evaluation/evaluation-request.js";
import { METRICS, reportedMetrics } from "../../capabilities/evaluation/metrics/index.js";
import { permutationImportance } from "../../capabilities/evaluation/permutation-importance.js";
import type { TransformMap } from "../../capabilities/features/index.js";
import { applyCalibration } from "../../capabilities/trainers/calibration/index.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Evaluation, Importance, LearningPoint } from "../../foundation/contracts/evaluation.js";
import { type Frame, selectColumns, takeRows } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import {
  type Predictions,
  type Target,
  type TaskType,
  takeTarget,
  takeWeights,
} from "../../foundation/contracts/target.js";
import type { CrossValidation } from "../../foundation/contracts/trust.js";
import type { Learned } from "../learn/learn.js";
import { heldOutRows, type LearningMaterial } from "../learn/material.js";
import { columnsRead, type LearnedModel } from "../learn/model.js";
import type { TrustRequest } from "./trust.js";

/** Rows and shuffles of the permutation importance: enough for intervals. */
const IMPORTANCE_ROWS = 1000;
const IMPORTANCE_REPEATS = 3;
/** Predictions that a single model, or an ensemble, is asked for at most, as far as `LEAST_IMPORTANCE_ROWS` allows. */
const IMPORTANCE_PREDICTIONS = { single: 60_000, several: 20_000 };
const LEAST_IMPORTANCE_ROWS = 100;
/** Where the time is limited and little of it is left. */
const LEAST_TIMED_ROWS = 30;

export interface Judgement {
  readonly project: Project;
  readonly metric: Metric;
  /** All there are, the project's own included. */
  readonly metrics: readonly Metric[];
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

/** A model and rows of the table that it has not seen. */
export interface Witness {
  readonly model: LearnedModel;
  readonly rows: Int32Array;
}

type Predict = (features: Frame) => Promise<Predictions> | Predictions;

/**
 * How much worse the metric gets on rows the model has not seen when one raw column is shuffled.
 * @param secondsLeft of a training that keeps the clock: on how many rows it is measured then hangs on it
 */
export async function columnImportance(
  { model, rows: unseen }: Witness,
  predict: Predict,
  { target, frame }: { readonly target: Target; readonly frame: Frame },
  { project, metric, signal }: Pick<Judgement, "project" | "metric" | "signal">,
  secondsLeft?: () => number,
): Promise<Importance[]> {
  const random = createRandom(project.seed).fork("importance");
  const order = random.fork("rows").permutation(unseen.length);
  const columns = columnsRead(model);
  const pace = { predict, predictions: columns.length * IMPORTANCE_REPEATS };
  const limit = Math.min(
    importanceRows(model, columns.length),
    secondsLeft
      ? await rowsInTime(
          selectColumns(takeRows(frame, unseen.subarray(0, LEAST_IMPORTANCE_ROWS)), columns),
          pace,
          secondsLeft,
        )
      : unseen.length,
  );
  const rows = sampleRows(unseen, limit, order);
  return permutationImportance({
    metric,
    features: selectColumns(takeRows(frame, rows), columns),
    target: takeTarget(target, rows),
    predict,
    random,
    repeats: IMPORTANCE_REPEATS,
    signal,
  });
}

/** How many rows can be predicted so often in the time that is left, judged by once. */
async function rowsInTime(
  sample: Frame,
  { predict, predictions }: { readonly predict: Predict; readonly predictions: number },
  secondsLeft: () => number,
): Promise<number> {
  const before = secondsLeft();
  await predict(sample);
  const left = secondsLeft();
  const secondsPerRow = Math.max(1e-9, (before - left) / sample.rows);
  return Math.max(LEAST_TIMED_ROWS, Math.floor(left / (secondsPerRow * predictions)));
}

function importanceRows({ members }: LearnedModel, columns: number): number {
  const predictions = IMPORTANCE_PREDICTIONS[members.length === 1 ? "single" : "several"];
  const affordable = Math.floor(predictions / (columns * IMPORTANCE_REPEATS));
  return Math.max(LEAST_IMPORTANCE_ROWS, Math.min(IMPORTANCE_ROWS, affordable));
}

function sampleRows(rows: Int32Array, limit: number, order: Int32Array): Int32Array {
  return rows.length <= limit ? rows : Int32Array.from(order.subarray(0, limit), (i) => rows[i]!).sort();
}

export interface ExaminedRows {
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

export interface Examination {
  readonly frame: Frame;
  readonly target: Target;
  readonly weights?: Float64Array;
  readonly threshold?: DecisionThreshold | undefined;
  readonly learningCurve: readonly LearningPoint[];
  readonly importance: readonly Importance[];
  readonly trust: TrustRequest;
}

/** The evaluation document of the rows opened last. */
export function examine(
  opened: ExaminedRows,
  subject: Examination,
  { project, metric, metrics, signal }: Judgement,
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
      metrics: reportedWith(target.task, metrics),
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

/** The usual metrics of the task, then the project's own, then whatever a goal may name. */
function reportedWith(task: TaskType, metrics: readonly Metric[]): Metric[] {
  const usual = reportedMetrics(task);
  const own = metrics.filter(
    (metric) => metric.tasks.includes(task) && !METRICS.some((builtIn) => builtIn.id === metric.id),
  );
  return [...usual, ...own];
}
