/** What is trained, and a training under way: optimizer steps on onnxruntime. `createTraining` opens one. */
import type { ElementType, GraphValue } from "../../foundation/contracts/graph.js";
import type { Tensor, TensorArrays } from "../../foundation/contracts/tensor.js";
import type { Expressions, OnnxGraph } from "../onnx/index.js";
import type { Optimizer } from "./optimizers/index.js";
import type { ParameterLayout, ParameterSpecification } from "./parameters.js";

export type Device = "cpu" | "webgpu" | "cuda";

export interface TrainingDefinition {
  readonly parameters: readonly ParameterSpecification[];
  /** The same in every step: the data set, pools of masks, frozen weights. Batches are gathered inside the graph. */
  readonly shared: Readonly<Record<string, Tensor>>;
  /** Different in every step: row numbers, starts of windows. The shape is that of one step. */
  readonly perStep: Readonly<
    Record<string, { readonly type: ElementType; readonly shape: readonly number[] }>
  >;
  /**
   * Float32 scalar. As a list: the loss in parts, of which each but the last gives one value for the next; what a
   * part computes on the way is not kept but computed again in the backward pass (Chen et al., 2016, "Training
   * Deep Nets with Sublinear Memory Cost"). Parts are always executed `stepwise`.
   */
  readonly loss: ((step: StepGraph) => GraphValue) | readonly LossPart[];
  readonly optimizer: Optimizer;
  /** Greatest norm of all gradients together; absent: not clipped. */
  readonly clipNorm?: number;
  /**
   * Gradients of this many batches are averaged before a step (default 1): the per-step tensors get it as a
   * second dimension, after the steps. Executed `stepwise`.
   */
  readonly accumulate?: number;
  /**
   * Graphs of the step over the same parameters, for batches of several sizes (texts of several lengths); default 1. Each is
   * made when it is first used. The first takes the most memory: it is the one that is estimated.
   */
  readonly forms?: number;
  /** Default: what suits the numbers of parameters and of intermediate values; see `Execution`. */
  readonly execution?: Execution;
  /** Inside one operator; default 1. Which networks give the same bytes with more: see the folder's README. */
  readonly threads?: number;
  /** Default `cpu`; another is probed first. */
  readonly device?: Device;
  /** Bytes that a step may need; more is refused before it starts. Default: not limited. */
  readonly memoryLimitBytes?: number;
}

/**
 * `loop`: all steps of a `run` in one ONNX Loop; least overhead, but the state exists four times.
 * `stepwise`: the runtime computes gradients, then the update goes over parameters and slots in small pieces, in
 * place; the state exists once.
 */
export type Execution = "loop" | "stepwise";

/** @param value what the part before gave; the first part gets none */
export type LossPart = (step: StepGraph, value: GraphValue | undefined) => GraphValue;

/** What a loss is made of. */
export interface StepGraph {
  readonly graph: OnnxGraph;
  readonly x: Expressions;
  /** Which of the training's forms this graph is; 0 where there is one. */
  readonly form: number;
  parameter(name: string): GraphValue;
  /** A shared or per-step tensor. */
  input(name: string): GraphValue;
  /** What a parameter of role `statistic` is from the next step on; only in the loss of a training. */
  update(name: string, next: GraphValue): void;
}

/** Float32; values between steps: enough to go on elsewhere. */
export interface TrainingState {
  /** Steps taken. */
  readonly step: number;
  readonly contents: Readonly<Record<string, Float32Array>>;
}

/** Parameters and what the optimizer keeps for them, in the shapes of the parameters. */
export interface NamedState {
  readonly step: number;
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly slots: Readonly<Record<string, ReadonlyMap<string, Float32Array>>>;
}

export interface MemoryEstimate {
  readonly parameterBytes: number;
  /** What the optimizer keeps. */
  readonly slotBytes: number;
  readonly gradientBytes: number;
  /** Shared tensors and those of one step. */
  readonly inputBytes: number;
  /** Intermediate values that live at the same time, at most. */
  readonly activationBytes: number;
  /** All of it, with the copies that the execution makes; the process itself needs about 100 MB beside. */
  readonly peakBytes: number;
}

export interface Training {
  readonly layout: ParameterLayout;
  readonly execution: Execution;
  readonly memory: MemoryEstimate;
  /** As it is now: its arrays may change with the next step, so copy what must stay. */
  readonly state: TrainingState;
  /**
   * Takes as many steps as there are learning rates. A Loop takes them without a pause: nothing else runs in this
   * thread meanwhile.
   * @param perStep what each step sees, stacked: [steps, ...shape], or [steps, accumulate, ...shape]
   * @param form of all these steps; default 0
   * @returns the loss before each step
   */
  run(
    learningRates: ArrayLike<number>,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
    form?: number,
  ): Promise<Float32Array>;
  /** Copies, by name. */
  parameters(): ReadonlyMap<string, Float32Array>;
  /** Views by the names of parameters: for checkpoints and averages. They change with the next step. */
  named(): NamedState;
  /** Goes on from other values. */
  restore(state: TrainingState): void;
  close(): Promise<void>;
}
