import type { z } from "zod";
import type { Extension } from "./extension.js";
import type { Frame } from "./frame.js";
import type { GraphBuilder, GraphColumn, GraphValue } from "./graph.js";
import type { StructuredTask, TargetOf } from "./structured.js";
import type { Tensor } from "./tensor.js";
import type { FitDiagnostics, TrainingContext, WorkEstimate } from "./trainer.js";

export interface StructuredRows<Task extends StructuredTask> {
  /** What the feature plan of the task makes of the raw columns. */
  readonly features: Frame;
  readonly target: TargetOf<Task>;
}

export interface StructuredTrainingData<Task extends StructuredTask> {
  readonly train: StructuredRows<Task>;
  /** For early stopping and choices inside the trainer; never the test split. */
  readonly validation?: StructuredRows<Task>;
}

/** By the names that the outputs of the task's bundle have (`contracts/model-graph`); first dimensions count the rows. */
export type StructureTensors = Readonly<Record<string, Tensor>>;

/**
 * A trained model. `state` is a plain value (base/packing) from which `restore` makes an equal model. `predict` and `emit`
 * give the same tensors: numbers within 1e-5, whole numbers equal.
 */
export interface FittedStructure<State = unknown> {
  readonly state: State;
  predict(features: Frame): StructureTensors;
  /** `features` are in the order of the feature frame's columns. */
  emit(graph: GraphBuilder, features: readonly GraphColumn[]): Readonly<Record<string, GraphValue>>;
  readonly diagnostics: FitDiagnostics;
}

/** Learns one structured task. The counterpart of `Trainer`. */
export interface StructuredTrainer<
  Task extends StructuredTask = StructuredTask,
  Config extends z.ZodObject = z.ZodObject,
  State = unknown,
> extends Extension<Config> {
  readonly task: Task;
  estimate(
    work: {
      readonly rows: number;
      readonly threads: number;
      readonly features: Frame;
      readonly labels: number;
    },
    config: z.infer<Config>,
  ): WorkEstimate;
  /**
   * Same data, config and seed: same state bytes, for any number of threads; also where the training goes on from a
   * checkpoint of the context.
   * @throws QuernError TRAINING_FAILED, naming the trainer
   */
  fit(
    data: StructuredTrainingData<Task>,
    config: z.infer<Config>,
    context: TrainingContext,
  ): Promise<FittedStructure<State>>;
  /** From the state of a fitted model, packed and unpacked again or not. */
  restore(state: State): FittedStructure<State>;
}

export function defineStructuredTrainer<Task extends StructuredTask, Config extends z.ZodObject, State>(
  trainer: StructuredTrainer<Task, Config, State>,
): StructuredTrainer<Task, Config, State> {
  return Object.freeze(trainer);
}
