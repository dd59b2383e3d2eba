/** The one way a network is trained, whatever it sees: tables, texts or images. */
import {
  createDropoutPool,
  createEvaluation,
  createTraining,
  type DropoutPool,
  dropout,
  type Evaluation,
  type Optimizer,
  type Schedule,
  type StepGraph,
  type Training,
} from "../../../engines/autodiff/index.js";
import type { Random } from "../../../foundation/base/random.js";
import type { Dimension, ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../foundation/contracts/trainer.js";
import { createCheckpoint } from "../numeric/pace.js";
import type { Batches, StackedTensors } from "./batches.js";
import { type BeginningOptions, type Blueprint, beginningOf, traceNetwork } from "./blueprint.js";
import { inferenceScope, type NetworkTensor, type NetworkTensors } from "./inference.js";
import { createScope, type NetworkFunction, type Values } from "./scope.js";

export interface NetworkTraining extends Omit<BeginningOptions, "random"> {
  readonly batches: Batches;
  /** The network with its mean loss over a batch: a float32 scalar. */
  readonly loss: NetworkFunction<GraphValue>;
  readonly optimizer: Optimizer;
  /** The highest. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  readonly steps: number;
  /** Greatest norm of all gradients together; absent: not clipped. */
  readonly clipNorm?: number;
  readonly validation?: Validation;
  /** Which weights remain: the best on validation (default), or the last. */
  readonly keep?: "best" | "last";
  /** Stops after so many looks at validation in a row that found nothing better; absent: never. */
  readonly patience?: number;
  /** Looks at validation over the whole training; default 20. */
  readonly looks?: number;
  /**
   * Steps taken without a pause; default 32. Fewer where a step is long, so that a signal is heard soon; streamed
   * batches of so many steps lie in memory together. Results do not depend on it.
   */
  readonly stepsAtOnce?: number;
}

/** Measures the network between steps. */
export interface Validation {
  /** What `outputs` is called with; sizes may be names. */
  readonly inputs: Readonly<
    Record<string, { readonly type: ElementType; readonly shape: readonly Dimension[] }>
  >;
  readonly outputs: NetworkFunction<Values>;
  /** What is to become least. `run` computes the outputs for given inputs and may be called part by part. */
  judge(run: Evaluation["run"]): Promise<number>;
}

export interface TrainedNetwork {
  /** Parameters and statistics that were kept. */
  readonly tensors: NetworkTensors;
  /** By look: `trainLoss`, mean since the look before; `validationLoss`. */
  readonly curves: Readonly<Record<string, readonly number[]>>;
  /** Steps taken. */
  readonly steps: number;
  /** Steps after which the kept weights were reached. */
  readonly bestStep: number;
}

const LOOKS = 20;
const STEPS_AT_ONCE = 32;
const WINDOWS = "dropout:windows";
const poolName = (rate: number) => `dropout:${rate}`;

/**
 * Same definition, same seed: same bytes. Stops with the reason of `context.signal`.
 * @throws QuernError TRAINING_FAILED when an op of the loss has no derivative
 */
export async function trainNetwork(
  definition: NetworkTraining,
  context: Pick<TrainingContext, "random" | "signal" | "clock" | "report" | "logger" | "threads">,
): Promise<TrainedNetwork> {
  const blueprint = traceNetwork(definition.loss, definition.batches);
  const pools = createPools(blueprint, context.random.fork("dropout"));
  const training = await openTraining(definition, blueprint, pools, context.random);
  let evaluation: Evaluation | undefined;
  try {
    evaluation = definition.validation && (await openEvaluation(definition.validation, training));
    const windows = context.random.fork("windows");
    const run = new TrainingRun(definition, training, evaluation, (steps) =>
      windowsOf(blueprint, pools, steps, windows),
    );
    return await run.toEnd(createCheckpoint(context, "train", definition.steps));
  } finally {
    await evaluation?.close();
    await training.close();
  }
}

/** One pool of masks for each rate, as long as the largest value it masks. */
function createPools({ dropouts }: Blueprint, random: Random): ReadonlyMap<number, DropoutPool> {
  const largest = new Map<number, number>();
  for (const { rate, elements } of dropouts) largest.set(rate, Math.max(largest.get(rate) ?? 0, elements));
  return new Map(
    [...largest].map(([rate, elements]) => [
      rate,
      createDropoutPool(rate, elements, random.fork(String(rate))),
    ]),
  );
}

/** Where the windows of the next steps begin, by step and use: int64 [steps, uses]. */
function windowsOf(
  { dropouts }: Blueprint,
  pools: ReadonlyMap<number, DropoutPool>,
  steps: number,
  random: Random,
): StackedTensors {
  if (dropouts.length === 0) return {};
  const starts = new BigInt64Array(steps * dropouts.length);
  for (let step = 0; step < steps; step++) {
    for (const [use, { rate }] of dropouts.entries()) {
      starts[step * dropouts.length + use] = pools.get(rate)!.starts(1, random)[0]!;
    }
  }
  return { [WINDOWS]: starts };
}

function openTraining(
  { batches, loss, optimizer, clipNorm, given, treatment }: NetworkTraining,
  blueprint: Blueprint,
  pools: ReadonlyMap<number, DropoutPool>,
  random: Random,
): Promise<Training> {
  const shared: Record<string, Tensor> = { ...batches.shared };
  for (const [rate, { values }] of pools) {
    shared[poolName(rate)] = { type: "float32", shape: [values.length], data: values };
  }
  const uses = blueprint.dropouts.length;
  const beginning: BeginningOptions = {
    random: random.fork("parameters"),
    ...(given ? { given } : {}),
    ...(treatment ? { treatment } : {}),
  };
  return createTraining({
    parameters: beginningOf(blueprint, beginning),
    shared,
    perStep: {
      ...batches.perStep,
      ...(uses > 0 ? { [WINDOWS]: { type: "int64" as const, shape: [uses] } } : {}),
    },
    loss: (step) => loss(trainingScope(step, uses), batches.inputs(step.x, step.input)),
    optimizer,
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
}

function trainingScope(step: StepGraph, uses: number) {
  const { x } = step;
  const windows = uses > 0 ? x.split(step.input(WINDOWS), new Array<number>(uses).fill(1), 0) : [];
  let use = 0;
  return createScope({
    x,
    mode: "training",
    tensor: ({ name }) => step.parameter(name),
    update: (name, next) => step.update(name, next),
    dropout: (value, rate) => dropout(x, value, step.input(poolName(rate)), windows[use++]!),
  });
}

function openEvaluation({ inputs, outputs }: Validation, training: Training): Promise<Evaluation> {
  return createEvaluation(training, {
    inputs,
    outputs: ({ x, parameter, input }) =>
      outputs(
        inferenceScope(x, parameter),
        Object.fromEntries(Object.keys(inputs).map((name) => [name, input(name)])),
      ),
  });
}

class TrainingRun {
  readonly #definition: NetworkTraining;
  readonly #training: Training;
  readonly #evaluation: Evaluation | undefined;
  readonly #windows: (steps: number) => StackedTensors;
  readonly #curves: Record<string, number[]>;
  #best: { readonly parameters: ReadonlyMap<string, Float32Array>; readonly step: number } | undefined;
  #least = Number.POSITIVE_INFINITY;
  #looksWithoutGain = 0;

  constructor(
    definition: NetworkTraining,
    training: Training,
    evaluation: Evaluation | undefined,
    windows: (steps: number) => StackedTensors,
  ) {
    this.#definition = definition;
    this.#training = training;
    this.#evaluation = evaluation;
    this.#windows = windows;
    this.#curves = { trainLoss: [], ...(evaluation ? { validationLoss: [] } : {}) };
  }

  async toEnd(checkpoint: (done: number) => Promise<void>): Promise<TrainedNetwork> {
    const { steps, looks = LOOKS, stepsAtOnce = STEPS_AT_ONCE, patience } = this.#definition;
    const interval = Math.max(1, Math.ceil(steps / looks));
    let [done, sum] = [0, 0];
    while (done < steps && !(patience !== undefined && this.#looksWithoutGain >= patience)) {
      await checkpoint(done);
      const stop = Math.min(steps, Math.ceil((done + 1) / interval) * interval);
      const count = Math.min(stepsAtOnce, stop - done);
      for (const loss of await this.#take(done, count)) sum += loss;
      done += count;
      if (done < stop) continue;
      this.#curves.trainLoss!.push(sum / (((done - 1) % interval) + 1));
      sum = 0;
      if (this.#evaluation) await this.#look(done, this.#evaluation);
    }
    return this.#trained(done);
  }

  async #take(done: number, count: number): Promise<Float32Array> {
    const { batches, learningRate, schedule, steps } = this.#definition;
    const rates = Float64Array.from({ length: count }, (_, k) => learningRate * schedule(done + k, steps));
    return this.#training.run(rates, { ...(await batches.next(count)), ...this.#windows(count) });
  }

  async #look(done: number, evaluation: Evaluation): Promise<void> {
    const loss = await this.#definition.validation!.judge((inputs) => evaluation.run(inputs));
    this.#curves.validationLoss!.push(loss);
    this.#looksWithoutGain++;
    if (!(loss < this.#least)) return;
    [this.#least, this.#looksWithoutGain] = [loss, 0];
    if (this.#definition.keep === "last") return;
    this.#best = { parameters: this.#training.parameters(), step: done };
  }

  #trained(done: number): TrainedNetwork {
    const { parameters, step } = this.#best ?? { parameters: this.#training.parameters(), step: done };
    const tensors = Object.fromEntries(
      this.#training.layout.shapes().map(([name, shape]): [string, NetworkTensor] => {
        return [name, { shape, values: parameters.get(name)! }];
      }),
    );
    return { tensors, curves: this.#curves, steps: done, bestStep: step };
  }
}
