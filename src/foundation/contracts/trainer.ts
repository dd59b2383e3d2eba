import type { z } from "zod";
import type { Extension, WorkContext } from "./extension.js";
import type { Frame } from "./frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "./graph.js";
import type { ModelAnatomy } from "./model-anatomy.js";
import type { Predictions, Target, TaskType } from "./target.js";
import { checkTrainingData } from "./training-data.js";

/** A feature frame (numbers, booleans, vectors; see feature-matrix) with its target. */
export interface LabelledFrame {
  readonly features: Frame;
  readonly target: Target;
  /** Finite and non-negative, one a row, not all 0. Absent: all 1. */
  readonly weights?: Float64Array;
}

export interface TrainingData {
  readonly train: LabelledFrame;
  /** For early stopping and choices inside the trainer; never the test split. */
  readonly validation?: LabelledFrame;
}

export interface TimeLimit {
  /** Aborted when the time is up. */
  readonly wrapUp: AbortSignal;
  /** Told by a trainer that ended for it: with so many as `maxIterations` it would have ended with the same state. */
  reached(iterations: number): void;
}

export interface TrainingContext extends WorkContext {
  /** Work is counted: the trainer stops after this many of its own iterations where it has them. */
  readonly maxIterations?: number;
  /** What a fit may take where time is counted; a trainer that is not `anytime` need not look. */
  readonly timeLimit?: TimeLimit;
  /**
   * Where a training may leave what it needs to go on after an interruption; absent: nowhere. The identity names trainer,
   * configuration, data and seed: only a training with the same one goes on from there. Never changes a result.
   */
  readonly checkpoints?: {
    readonly folder: string;
    readonly identity: string;
    /** Time between two of them at least; the trainer knows a default. */
    readonly leastMs?: number;
  };
  /**
   * A folder in which a training may keep by its content what is expensive to compute, for itself and others; absent:
   * nowhere. It may be emptied at any time. Never changes a result.
   */
  readonly cacheFolder?: string;
}

/** How a feature pipeline should prepare columns for this family. */
export type FeatureStyle =
  /** Raw codes and NaN; categories stay codes. */
  | "tree"
  /** Imputed, scaled, one-hot. */
  | "linear"
  /** Imputed, scaled, one-hot; distances matter. */
  | "distance"
  /** Imputed, numbers bent to a normal distribution, one-hot. */
  | "neural"
  /** As `neural`, but categories are codes: the network has an embedding of each. */
  | "embedded"
  /** As `neural`, but texts become tokens and images stay as they are: the network has an encoder for each. */
  | "encoders"
  /** Non-negative counts or indicators. */
  | "counts"
  /** Ignores the features. */
  | "none";

export interface TrainerCapabilities {
  readonly features: FeatureStyle;
  readonly missingValues: boolean;
  readonly categories: boolean;
  readonly sampleWeights: boolean;
  readonly earlyStopping: boolean;
  /** Can end after any of its iterations with the model it has by then; see `TimeLimit`. */
  readonly anytime?: boolean;
  /** Probabilities are already calibrated well on their own (logistic regression). */
  readonly calibrated?: boolean;
  /**
   * A small difference in a feature makes a small one in the prediction, whatever the row: linear models, kernels and
   * networks, but no trees and no nearest neighbours. Such learners may learn from other models' predictions.
   */
  readonly smooth?: boolean;
  /**
   * What becomes of the models of several folds: `average` makes one model of them (default for trainers that
   * can), `keep` keeps all as members of the ensemble, `refit` fits one on all rows (default otherwise: forests
   * and neighbours gain little from a bag and grow large).
   */
  readonly bagging?: "average" | "keep" | "refit";
}

export interface WorkEstimate {
  /** On this machine with the given threads; within 2x. */
  readonly seconds: number;
  /** Memory at its peak, beside the data. */
  readonly bytes: number;
}
/** The training a trainer is asked about. */
export interface WorkSpecification {
  readonly rows: number;
  /** Positions of the feature matrix. */
  readonly features: number;
  readonly task: TaskType;
  /** Regression: 1. */
  readonly classes: number;
  readonly threads: number;
  /** Rows to stop early on; absent: none. */
  readonly validationRows?: number;
  /** Pieces of all texts of a row together, as networks that read see them; absent: unknown. */
  readonly textPieces?: number;
}

/**
 * A trained model. `state` is a plain value (base/packing) from which `restore` makes an equal model.
 * `predict` sees the same float32 features the graph will see and agrees with `emit` within 1e-5.
 */
export interface Fitted<State = unknown> {
  readonly state: State;
  predict(features: Frame): Predictions;
  /**
   * Classification: probabilities float32 [N,C]; regression: float32 [N,1].
   * `features` are in the order of the feature frame's columns.
   */
  emit(graph: GraphBuilder, features: readonly GraphColumn[]): GraphValue;
  readonly diagnostics: FitDiagnostics;
  /** Where the model is trees or one linear form: what exact explanations are computed from. */
  readonly anatomy?: ModelAnatomy;
}

export interface FitDiagnostics {
  /** Importance by feature name (gain share, |coefficient| share, …), summing to 1; empty where undefined. */
  readonly importance?: Readonly<Record<string, number>>;
  /** Named curves by iteration: { trainLoss: [...], validationLoss: [...] }. */
  readonly curves?: Readonly<Record<string, readonly number[]>>;
  readonly iterations?: number;
  readonly bestIteration?: number;
  /** One line a reader of the report should know. */
  readonly notes?: readonly string[];
  /** Size figures: trees, leaves, coefficients. */
  readonly size?: Readonly<Record<string, number>>;
}

export interface Trainer<Config extends z.ZodObject = z.ZodObject, State = unknown>
  extends Extension<Config> {
  readonly tasks: readonly TaskType[];
  readonly capabilities: TrainerCapabilities;
  estimate(specification: WorkSpecification, config: z.infer<Config>): WorkEstimate;
  /**
   * Same data, config and seed: same state bytes, for any number of threads. Data that pass `checkTrainingData`
   * train, also a single row of each class, constant features, and one class or value alone.
   * @throws QuernError TRAINING_FAILED, naming the trainer
   */
  fit(data: TrainingData, config: z.infer<Config>, context: TrainingContext): Promise<Fitted<State>>;
  /**
   * The configuration that trains just as far as entry `length` (from 1) of `diagnostics.curves.validationLoss`, whatever
   * validation rows say; undefined where the given one does not keep what is best on them. Trainers that do offer it:
   * folds can then agree on one length, which no fold's own rows have chosen.
   */
  settle?(config: z.infer<Config>, length: number): z.infer<Config> | undefined;
  /** From the state of a fitted model, packed and unpacked again or not. */
  restore(state: State): Fitted<State>;
  /**
   * ONE model of the same kind whose raw score is the weighted mean of the given models' raw scores. The raw score is
   * what the model sums before its link: log-odds of boosting and of linear classifiers, class shares of forests,
   * values. Trees of all models become one ensemble, coefficients become their mean: a bag of folds costs one node.
   * All states are of this trainer and of the same features and classes. Weights: finite, not negative, not all 0,
   * only their ratios count; absent: equal. Trainers whose scores cannot be summed into one model omit it.
   */
  average?(states: readonly State[], weights?: readonly number[]): State;
  /**
   * A smaller model of the same kind whose part of the exported graph takes at most `maxBytes`, or as few as the kind
   * allows; where it fits already, at most what changes no prediction. Trainers with nothing to leave out omit it.
   */
  shrink?(state: State, maxBytes: number): State;
}

/** The trainer, whose `fit` refuses data that none can learn from (`checkTrainingData`) before it begins. */
export function defineTrainer<Config extends z.ZodObject, State>(
  trainer: Trainer<Config, State>,
): Trainer<Config, State> {
  return Object.freeze({
    ...trainer,
    async fit(data: TrainingData, config: z.infer<Config>, context: TrainingContext) {
      checkTrainingData(trainer, data.train);
      return trainer.fit(data, config, context);
    },
  });
}
