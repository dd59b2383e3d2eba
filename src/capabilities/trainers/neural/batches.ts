/** What a network sees in each step of a training. */
import type { BatchSource } from "../../../engines/autodiff/index.js";
import type { Expressions } from "../../../engines/onnx/index.js";
import type { Random } from "../../../foundation/base/random.js";
import type { ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor, TensorArrays } from "../../../foundation/contracts/tensor.js";
import { createRowStream } from "./row-stream.js";
import type { Values } from "./scope.js";

/** Tensors of several steps by name, stacked along a new first dimension. */
export type StackedTensors = Readonly<Record<string, TensorArrays[ElementType]>>;

export interface BatchPort {
  readonly type: ElementType;
  /** Of one step. */
  readonly shape: readonly number[];
}

export interface Batches {
  /** The same in every step. */
  readonly shared: Readonly<Record<string, Tensor>>;
  /** Different in every step. */
  readonly perStep: Readonly<Record<string, BatchPort>>;
  /** Where batches come in several sizes, each a form of its own: how many, and which a step has. Absent: one. */
  readonly forms?: { readonly count: number; of(step: number): number };
  /** What the network is called with, from the shared tensors and those of one step. */
  inputs(x: Expressions, tensor: (name: string) => GraphValue, form: number): Values;
  /**
   * Those of the next steps. Called for every step once and in order, so that a seed repeats a training; one that goes on
   * from a checkpoint asks for the steps before again and drops what it gets.
   */
  next(steps: number): StackedTensors | Promise<StackedTensors>;
}

export interface SampledOptions {
  /** Rows of a step. */
  readonly batch: number;
  /** Networks that each see rows of their own: inputs are [streams, batch, ...]. Absent: [batch, ...]. */
  readonly streams?: number;
  readonly random: Random;
}

/**
 * Random rows of tensors that lie in memory once and for all; their first dimension counts the rows. Every row is
 * seen as often as any other, give or take one.
 */
export function sampledBatches(
  tensors: Readonly<Record<string, Tensor>>,
  { batch, streams, random }: SampledOptions,
): Batches {
  const rows = Object.values(tensors)[0]!.shape[0]!;
  const stream = createRowStream(rows, batch, streams ?? 1, random);
  return {
    shared: tensors,
    perStep: { rows: { type: "int64", shape: streams ? [streams, batch] : [batch] } },
    inputs: (x, tensor) =>
      Object.fromEntries(Object.keys(tensors).map((name) => [name, x.gather(tensor(name), tensor("rows"))])),
    next: (steps) => ({ rows: stream.next(steps) }),
  };
}

/** Batches made outside the graph step by step: images decoded and changed, token sequences padded. */
export function streamedBatches(
  ports: Readonly<Record<string, BatchPort>>,
  next: (steps: number) => StackedTensors | Promise<StackedTensors>,
): Batches {
  return {
    shared: {},
    perStep: ports,
    inputs: (_, tensor) => Object.fromEntries(Object.keys(ports).map((name) => [name, tensor(name)])),
    next,
  };
}

export interface BatchSourceOptions {
  /** Batches of a step, whose gradients are averaged. */
  readonly accumulate: number;
  /** What else a step sees, for each of its batches. */
  others(step: number): StackedTensors;
}

/** One step at a time, as the training loop asks for them. */
export function batchSource(
  batches: Pick<Batches, "next" | "forms">,
  { accumulate, others }: BatchSourceOptions,
): BatchSource {
  let reached = 0;
  let last: Promise<unknown> = Promise.resolve();
  const until = async (step: number): Promise<StackedTensors> => {
    if (step > reached) await batches.next((step - reached) * accumulate);
    reached = step + 1;
    return { ...(await batches.next(accumulate)), ...others(step) };
  };
  const { forms } = batches;
  return {
    ...(forms ? { form: (step: number) => forms.of(step) } : {}),
    batch(step) {
      const made = last.then(() => until(step));
      last = made.catch(() => undefined);
      return made;
    },
  };
}
