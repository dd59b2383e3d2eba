import {
  applyPipeline,
  type ColumnFacts,
  describeColumns,
  type FittedPipeline,
  fitPipeline,
  planFeatures,
  rawColumns,
  type TransformMap,
} from "../../capabilities/features/index.js";
import {
  applyCalibration,
  type CalibrationState,
  fitCalibration,
} from "../../capabilities/trainers/calibration/index.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { createRandom } from "../../foundation/base/random.js";
import type { ProgressEvent, WorkContext } from "../../foundation/contracts/extension.js";
import { type Frame, takeRows } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import { type Predictions, type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { FeatureStyle, FitDiagnostics, Trainer } from "../../foundation/contracts/trainer.js";
import type { StepRunner } from "./step-runner.js";
import type { TrialPlan } from "./trials.js";

/** Raises the key of every trial: bump when this file would give other results for the same inputs. */
const TRIAL_VERSION = 1;

export interface LearningMaterial {
  /** All rows; the row numbers below index it. */
  readonly frame: Frame;
  readonly target: Target;
  readonly weights?: Float64Array;
  /** Cleaned training rows and untouched validation rows. */
  readonly train: Int32Array;
  readonly validation: Int32Array;
  /** Names the frame, the target and the rows: input of every trial's key. */
  readonly identity: Sha256;
}

export interface LearningTools {
  readonly project: Project;
  readonly transforms: TransformMap;
  readonly metric: Metric;
  readonly trials: readonly TrialPlan[];
  readonly steps: StepRunner;
  readonly work: Omit<WorkContext, "random" | "report">;
  report(trainer: string, position: number, event: ProgressEvent): void;
}

/** What a trial leaves behind, as a plain value: enough to predict, to emit and to show. */
export interface TrialOutcome {
  readonly pipeline: FittedPipeline;
  readonly state: unknown;
  readonly validation: Predictions;
  readonly diagnostics: FitDiagnostics;
}

export type TrialResult =
  | {
      readonly plan: TrialPlan;
      readonly outcome: TrialOutcome;
      readonly value: number;
      readonly seconds: number;
      readonly hash: Sha256;
    }
  | { readonly plan: TrialPlan; readonly error: string; readonly seconds: number };
export type FinishedTrial = Extract<TrialResult, { outcome: TrialOutcome }>;

/** A model with everything around it: raw rows in, calibrated predictions out. */
export interface LearnedModel {
  readonly trainer: Trainer;
  readonly pipeline: FittedPipeline;
  readonly state: unknown;
  readonly calibration: CalibrationState;
}

export interface Learned {
  readonly trials: readonly TrialResult[];
  readonly best: FinishedTrial;
  readonly model: LearnedModel;
}

/**
 * Trains every trial on the training rows, ranks them on the validation rows and calibrates the best there.
 * One failing trainer does not end the run; all failing does.
 */
export async function learn(material: LearningMaterial, tools: LearningTools): Promise<Learned> {
  const features = new FeatureCache(material, tools);
  const trials: TrialResult[] = [];
  for (const [position, plan] of tools.trials.entries()) {
    tools.work.signal.throwIfAborted();
    trials.push(await runTrial(plan, position, material, tools, features));
  }
  const best = bestTrial(trials, tools.metric);
  return { trials, best, model: calibrated(best, material, tools.project) };
}

export function predictWith(model: LearnedModel, frame: Frame, transforms: TransformMap): Predictions {
  const raw = model.trainer.restore(model.state).predict(applyPipeline(model.pipeline, frame, transforms));
  return applyCalibration(raw, model.calibration);
}

/** Raw columns the model reads. */
export function featureNames(pipeline: FittedPipeline): string[] {
  return rawColumns(pipeline).map((slot) => slot.label);
}

/** The features of one style, fitted at most once and only when a trial of that style is not cached. */
class FeatureCache {
  readonly #material: LearningMaterial;
  readonly #tools: LearningTools;
  #rows: Frame | undefined;
  #facts: readonly ColumnFacts[] | undefined;
  readonly #prepared = new Map<FeatureStyle, { fitted: FittedPipeline; train: Frame; validation: Frame }>();

  constructor(material: LearningMaterial, tools: LearningTools) {
    this.#material = material;
    this.#tools = tools;
  }

  prepare(style: FeatureStyle): { fitted: FittedPipeline; train: Frame; validation: Frame } {
    const ready = this.#prepared.get(style);
    if (ready) return ready;
    const { frame, target, train, validation } = this.#material;
    const { transforms, project, work } = this.#tools;
    this.#rows ??= takeRows(frame, train);
    this.#facts ??= describeColumns(this.#rows);
    const classes = target.task === "regression" ? 1 : target.classes.length;
    const plan = planFeatures(this.#facts, style, {
      rows: train.length,
      task: target.task,
      classes,
      segmenter: true,
    });
    const { fitted, features } = fitPipeline(this.#rows, plan, {
      transforms,
      target: takeTarget(target, train),
      context: {
        ...work,
        random: createRandom(project.seed).fork(`features/${style}`),
        report: () => undefined,
      },
    });
    const prepared = {
      fitted,
      train: features,
      validation: applyPipeline(fitted, takeRows(frame, validation), transforms),
    };
    this.#prepared.set(style, prepared);
    return prepared;
  }
}

async function runTrial(
  plan: TrialPlan,
  position: number,
  material: LearningMaterial,
  tools: LearningTools,
  features: FeatureCache,
): Promise<TrialResult> {
  const { trainer, config } = plan;
  const start = tools.work.clock.elapsed();
  try {
    const {
      value: outcome,
      seconds,
      hash,
    } = await tools.steps.run(
      {
        id: `trial/${trainer.id}`,
        version: trainer.version * 1000 + TRIAL_VERSION,
        config,
        inputs: { material: material.identity },
      },
      () => fitTrial(plan, position, material, tools, features),
    );
    const value = scoreOf(tools.metric, outcome.validation, material);
    return { plan, outcome, value, seconds, hash };
  } catch (failure) {
    if (tools.work.signal.aborted) throw failure;
    const error = failure instanceof Error ? failure.message : String(failure);
    tools.work.logger.log("warn", `The trainer ${trainer.id} failed.`, { error });
    return { plan, error, seconds: (tools.work.clock.elapsed() - start) / 1000 };
  }
}

async function fitTrial(
  { trainer, config }: TrialPlan,
  position: number,
  material: LearningMaterial,
  tools: LearningTools,
  features: FeatureCache,
): Promise<TrialOutcome> {
  const { fitted: pipeline, train, validation } = features.prepare(trainer.capabilities.features);
  const labelled = (frame: Frame, rows: Int32Array) => ({
    features: frame,
    target: takeTarget(material.target, rows),
    ...(material.weights ? { weights: Float64Array.from(rows, (row) => material.weights![row]!) } : {}),
  });
  const fitted = await trainer.fit(
    { train: labelled(train, material.train), validation: labelled(validation, material.validation) },
    config,
    {
      ...tools.work,
      random: createRandom(tools.project.seed).fork(`trial/${trainer.id}`),
      report: (event) => tools.report(trainer.id, position, event),
    },
  );
  return {
    pipeline,
    state: fitted.state,
    validation: fitted.predict(validation),
    diagnostics: fitted.diagnostics,
  };
}

function scoreOf(
  metric: Metric,
  predictions: Predictions,
  { target, validation, weights }: LearningMaterial,
): number {
  const rowWeights = weights ? { weights: Float64Array.from(validation, (row) => weights[row]!) } : {};
  return metric.compute(
    { target: takeTarget(target, validation), predictions, ...rowWeights },
    metric.config.parse({}),
  );
}

/** @throws Error of the first trial when every one failed */
function bestTrial(trials: readonly TrialResult[], metric: Metric): FinishedTrial {
  const finished = trials.filter((trial): trial is FinishedTrial => "outcome" in trial);
  const sign = metric.direction === "maximize" ? 1 : -1;
  const rank = (trial: FinishedTrial): number =>
    Number.isNaN(trial.value) ? Number.NEGATIVE_INFINITY : sign * trial.value;
  const [best] = [...finished].sort((a, b) => rank(b) - rank(a) || a.plan.number - b.plan.number);
  if (best) return best;
  const failures = trials.map((trial) => `${trial.plan.trainer.id}: ${"error" in trial ? trial.error : ""}`);
  throw new AllTrialsFailed(failures);
}

/** Translated by the workflow, which knows the run. */
export class AllTrialsFailed extends Error {
  readonly failures: readonly string[];
  constructor(failures: readonly string[]) {
    super(`Every trainer failed. ${failures.join("; ")}`);
    this.failures = failures;
  }
}

function calibrated(
  { plan, outcome }: FinishedTrial,
  { target, validation, weights }: LearningMaterial,
  project: Project,
): LearnedModel {
  const calibration = fitCalibration(outcome.validation, takeTarget(target, validation), {
    method: project.calibration,
    random: createRandom(project.seed).fork("calibration"),
    ...(weights ? { weights: Float64Array.from(validation, (row) => weights[row]!) } : {}),
  });
  return { trainer: plan.trainer, pipeline: outcome.pipeline, state: outcome.state, calibration };
}
