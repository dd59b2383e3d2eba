/** The one way a network is trained, whatever it sees: tables, texts or images. */
import {
  AVERAGE,
  averaged,
  createDropoutPool,
  createEvaluation,
  createTraining,
  type DropoutPool,
  debiased,
  dropout,
  type Evaluation,
  type FitDefinition,
  fitTraining,
  type Optimizer,
  openCheckpoints,
  type Schedule,
  type StepGraph,
  type Training,
} from "../../../engines/autodiff/index.js";
import type { Random } from "../../../foundation/base/random.js";
import type { Dimension, ElementType, GraphValue } from "../../../foundation/contracts/graph.js";
import type { Tensor } from "../../../foundation/contracts/tensor.js";
import type { TrainingContext } from "../../../foundation/contracts/trainer.js";
import { type Batches, batchSource, type StackedTensors } from "./batches.js";
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
  /** Ends after so many of the steps, on the schedule and looks of all; absent: after the last. */
  readonly stopAfter?: number;
  /** Greatest norm of all gradients together; absent: not clipped. */
  readonly clipNorm?: number;
  /**
   * Share of the steps that weights are averaged over, in (0, 1] (exponential moving average); the average is judged and kept in
   * place of the weights. Default 0: no average. Statistics stay those of the training.
   */
  readonly averaging?: number;
  readonly validation?: Validation;
  /** Which weights remain: the best on validation (default), or the last. */
  readonly keep?: "best" | "last";
  /** Stops after so many looks at validation in a row that found nothing better; absent: never. */
  readonly patience?: number;
  /** Looks at validation over the whole training; default 20. */
  readonly looks?: number;
  /** Gradients of so many batches are averaged before a step; default 1. */
  readonly accumulate?: number;
  /** Bytes that a step may need; more is refused before the first. Default: not limited. */
  readonly memoryLimitBytes?: number;
  /**
   * Steps taken without a pause; default 32 where steps are short, else 1. Streamed batches of so many steps lie in memory
   * together. Results do not depend on it.
   */
  readonly stepsAtOnce?: number;
}

/** Measures the network between steps. */
export interface Validation {
  /** What `outputs` is called with; sizes may be names. */
  readonly inputs: EvaluationInputs;
  /** The same in further forms: texts of other lengths. A graph is made for each that is asked for. */
  readonly further?: readonly EvaluationInputs[];
  readonly outputs: NetworkFunction<Values>;
  /** What is to become least. `run` computes the outputs for given inputs and may be called part by part. */
  judge(run: ValidationRun): Promise<number>;
}

export type EvaluationInputs = Readonly<
  Record<string, { readonly type: ElementType; readonly shape: readonly Dimension[] }>
>;

/** @param form 0 (default): as `inputs` says, k: as `further[k - 1]` */
export type ValidationRun = (
  inputs: Readonly<Record<string, Tensor>>,
  form?: number,
) => Promise<Record<string, Tensor>>;

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

/** Looks at validation over a whole training. */
export const LOOKS = 20;
const WINDOWS = "dropout:windows";
const poolName = (rate: number) => `dropout:${rate}`;

/**
 * Same definition, same seed: same bytes, also where the training goes on from a checkpoint of the context. Stops with the
 * reason of `context.signal`.
 * @throws QuernError TRAINING_FAILED when an op of the loss has no derivative, or the loss diverges
 */
export async function trainNetwork(
  definition: NetworkTraining,
  context: TrainingContext,
): Promise<TrainedNetwork> {
  const { batches, validation, keep = "best", steps, accumulate = 1 } = definition;
  const blueprint = traceNetwork(definition.loss, batches);
  const pools = createPools(blueprint, context.random.fork("dropout"));
  const windows = context.random.fork("windows");
  const training = await openTraining(definition, blueprint, pools, context.random);
  let evaluation: ReturnType<typeof openEvaluations> | undefined;
  try {
    const average = averageOf(definition, training);
    evaluation = validation && openEvaluations(validation, training, average.contents);
    const run = evaluation?.run;
    const fitted = await fitTraining({
      training,
      steps: definition.stopAfter ?? steps,
      batches: batchSource(batches, {
        accumulate,
        others: (step) => windowsOf(blueprint, pools, accumulate, windows.fork(step)),
      }),
      learningRate: (step) => definition.learningRate * definition.schedule(step, steps),
      evaluation: {
        everySteps: interval(definition),
        // Without validation rows there is nothing to choose by; the looks still cut the curve of the training loss.
        evaluate: async () => ({ loss: run ? await validation!.judge(run) : 0 }),
        watch: "loss",
        better: "smaller",
        weights: average.weights,
        ...(run && definition.patience !== undefined ? { patience: definition.patience } : {}),
      },
      callbacks: [{ onSteps: ({ step }) => context.report({ stage: "train", done: step, total: steps }) }],
      signal: context.signal,
      ...(definition.stepsAtOnce === undefined ? {} : { stepsAtOnce: definition.stepsAtOnce }),
      ...checkpointsOf(definition, context),
    });
    const isBest = run !== undefined && keep === "best";
    const kept = isBest ? fitted.parameters : average.weights();
    const losses = fitted.evaluations.map(({ values }) => values.loss!);
    return {
      tensors: namedTensors(training, kept),
      curves: { trainLoss: fitted.trainLoss, ...(run ? { validationLoss: losses } : {}) },
      steps: fitted.steps,
      bestStep: isBest ? fitted.bestStep : fitted.steps,
    };
  } finally {
    await evaluation?.close();
    await training.close();
  }
}

/** Share of the old average that a step keeps; 0: nothing is averaged. */
const decayOf = ({ averaging = 0, steps }: NetworkTraining): number =>
  averaging === 0 ? 0 : Math.max(0.5, 1 - 1 / (averaging * steps));

/** What is judged and kept: the weights, or their average. */
function averageOf(definition: NetworkTraining, training: Training) {
  const decay = decayOf(definition);
  const contents = (): Readonly<Record<string, Float32Array>> => {
    const { contents: now, step } = training.state;
    if (decay === 0 || step === 0) return now;
    const averages = training.layout.storages.flatMap(({ name }): [string, Float32Array][] => {
      const average = now[`${name}/${AVERAGE}`];
      return average ? [[name, debiased(average, decay, step)]] : [];
    });
    return { ...now, ...Object.fromEntries(averages) };
  };
  const weights = (): ReadonlyMap<string, Float32Array> => {
    const values = contents();
    return training.layout.read(training.layout.storages.map(({ name }) => values[name]!));
  };
  return { contents, weights };
}

/** Steps between two looks. */
const interval = ({ steps, looks = LOOKS }: NetworkTraining): number => Math.max(1, Math.ceil(steps / looks));

/** Work worth less than this is sooner done again than written. */
const CHECKPOINT_MS = 15_000;
/** Writing a large network takes seconds: at most a twentieth of the time goes into it. */
const WORK_FOR_WRITING = 20;

/** When a checkpoint is written depends on the clock; what comes of going on from it does not. */
function checkpointsOf(
  definition: NetworkTraining,
  { checkpoints, clock }: TrainingContext,
): Pick<FitDefinition, "checkpoints"> {
  if (!checkpoints) return {};
  const { leastMs = CHECKPOINT_MS } = checkpoints;
  const store = openCheckpoints(checkpoints);
  let [last, writingMs] = [clock.elapsed(), 0];
  return {
    checkpoints: {
      // Long steps: a fifth of a training may be an hour.
      everySteps: definition.stepsAtOnce ?? interval(definition),
      store: {
        latest: () => store.latest(),
        save(snapshot) {
          const now = clock.elapsed();
          if (now - last < Math.max(leastMs, WORK_FOR_WRITING * writingMs)) return;
          store.save(snapshot);
          last = clock.elapsed();
          writingMs = last - now;
        },
      },
    },
  };
}

function namedTensors(training: Training, values: ReadonlyMap<string, Float32Array>): NetworkTensors {
  return Object.fromEntries(
    training.layout.shapes().map(([name, shape]): [string, NetworkTensor] => {
      return [name, { shape, values: values.get(name)! }];
    }),
  );
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

/** Where the windows of a step begin, for each of its batches: int64 [batches, uses]. */
function windowsOf(
  { dropouts }: Blueprint,
  pools: ReadonlyMap<number, DropoutPool>,
  batches: number,
  random: Random,
): StackedTensors {
  if (dropouts.length === 0) return {};
  const uses = new Array<Blueprint["dropouts"]>(batches).fill(dropouts).flat();
  const starts = uses.map(({ rate }) => pools.get(rate)!.starts(1, random)[0]!);
  return { [WINDOWS]: BigInt64Array.from(starts) };
}

function openTraining(
  definition: NetworkTraining,
  blueprint: Blueprint,
  pools: ReadonlyMap<number, DropoutPool>,
  random: Random,
): Promise<Training> {
  const { batches, loss, clipNorm, accumulate, memoryLimitBytes, given, treatment } = definition;
  const decay = decayOf(definition);
  const optimizer = decay === 0 ? definition.optimizer : averaged(definition.optimizer, decay);
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
    loss: (step) => loss(trainingScope(step, uses), batches.inputs(step.x, step.input, step.form)),
    optimizer,
    ...(batches.forms ? { forms: batches.forms.count } : {}),
    ...(clipNorm === undefined ? {} : { clipNorm }),
    ...(accumulate === undefined ? {} : { accumulate }),
    ...(memoryLimitBytes === undefined ? {} : { memoryLimitBytes }),
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

/** One graph for each form, made when it is first asked for. */
function openEvaluations(
  { inputs, further = [], outputs }: Validation,
  training: Training,
  contents: () => Readonly<Record<string, Float32Array>>,
): { readonly run: ValidationRun; close(): Promise<void> } {
  const forms = [inputs, ...further];
  const opened = new Map<number, Promise<Evaluation>>();
  const open = (form: number): Promise<Evaluation> =>
    createEvaluation(training, {
      inputs: forms[form]!,
      contents,
      outputs: ({ x, parameter, input }) =>
        outputs(
          inferenceScope(x, parameter),
          Object.fromEntries(Object.keys(inputs).map((name) => [name, input(name)])),
        ),
    });
  return {
    async run(given, form = 0) {
      const evaluation = opened.get(form) ?? open(form);
      opened.set(form, evaluation);
      return (await evaluation).run(given);
    },
    async close() {
      for (const evaluation of opened.values()) await (await evaluation).close();
    },
  };
}
