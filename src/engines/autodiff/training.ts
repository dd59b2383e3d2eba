/** Optimizer steps on onnxruntime: what is trained, and the two ways to run it. */
import { QuernError } from "../../foundation/base/errors.js";
import type { ElementType, GraphValue } from "../../foundation/contracts/graph.js";
import { elementCount, type Tensor, type TensorArrays } from "../../foundation/contracts/tensor.js";
import type { Expressions, OnnxGraph } from "../onnx/index.js";
import { type Device, requireDevice } from "./execution/devices.js";
import { openLoop } from "./execution/loop.js";
import { estimateStepMemory, type MemoryEstimate, refuseBeyond } from "./execution/memory.js";
import { buildStep } from "./execution/step.js";
import { openStepwise } from "./execution/stepwise.js";
import type { Optimizer } from "./optimizers/index.js";
import { ParameterLayout, type ParameterSpecification } from "./parameters.js";

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
   * @returns the loss before each step
   */
  run(
    learningRates: ArrayLike<number>,
    perStep: Readonly<Record<string, TensorArrays[ElementType]>>,
  ): Promise<Float32Array>;
  /** Copies, by name. */
  parameters(): ReadonlyMap<string, Float32Array>;
  /** Views by the names of parameters: for checkpoints and averages. They change with the next step. */
  named(): NamedState;
  /** Goes on from other values. */
  restore(state: TrainingState): void;
  close(): Promise<void>;
}

/** From here on copies of the state cost more than the overhead of single steps. */
const STEPWISE_FROM = { parameters: 2 ** 20, bytes: 2 ** 27 };

/**
 * Builds the graph and opens the runtime on it.
 * @param from state of an equal training, to go on from there
 * @throws QuernError TRAINING_FAILED when an op of the loss has no derivative; OUT_OF_MEMORY when a step would need
 *   more than `memoryLimitBytes`; UNSUPPORTED when the device cannot train
 */
export async function createTraining(
  definition: TrainingDefinition,
  from?: TrainingState,
): Promise<Training> {
  if (definition.device && definition.device !== "cpu") await requireDevice(definition.device);
  const layout = new ParameterLayout(definition.parameters, !definition.optimizer.wholeTensors);
  const step = buildStep(definition);
  const estimates = {
    loop: estimateStepMemory(definition, step, "loop"),
    stepwise: estimateStepMemory(definition, step, "stepwise"),
  };
  const execution = chooseExecution(definition, estimates.stepwise);
  const memory = estimates[execution];
  if (definition.memoryLimitBytes !== undefined) {
    refuseBeyond(definition.memoryLimitBytes, memory, definition, estimates);
  }
  const training =
    execution === "loop"
      ? await openLoop(definition, layout, memory)
      : await openStepwise(definition, layout, step, memory);
  if (from) training.restore(from);
  return training;
}

function chooseExecution(definition: TrainingDefinition, memory: MemoryEstimate): Execution {
  const { parameters, execution, accumulate = 1, loss } = definition;
  const needsSteps = accumulate > 1 || typeof loss !== "function";
  if (execution === "loop" && needsSteps) {
    throw new QuernError("UNSUPPORTED", "Accumulated gradients and a loss in parts are executed stepwise.");
  }
  if (execution) return execution;
  const count = parameters.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const isLarge = count >= STEPWISE_FROM.parameters || memory.activationBytes >= STEPWISE_FROM.bytes;
  return needsSteps || isLarge ? "stepwise" : "loop";
}
