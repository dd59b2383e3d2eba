/** The loop around optimizer steps. */
import { QuernError } from "../../../foundation/base/errors.js";

import { PLATEAU_START, type PlateauOptions, type PlateauState, plateau } from "../schedules.js";
import type { Training } from "../training.js";
import { type BatchSource, stackBatches } from "./batch-source.js";
import { type Checkpoints, restoreTraining, type Snapshot } from "./checkpoints.js";

export interface FitDefinition {
  readonly training: Training;
  /** Altogether, those before a resumption included. */
  readonly steps: number;
  readonly batches: BatchSource;
  /** Learning rate of a step, counted from 0: a function of the number alone. */
  readonly learningRate: (step: number) => number;
  readonly evaluation?: FitEvaluation;
  readonly checkpoints?: { readonly store: Checkpoints; readonly everySteps: number };
  readonly callbacks?: readonly FitCallbacks[];
  /** Steps handed to the runtime together; never changes a result. Default 32 in a Loop, else 1. */
  readonly stepsAtOnce?: number;
  /** Looked at between steps; a last checkpoint is saved before the abort is thrown. */
  readonly signal?: AbortSignal;
}

export interface FitEvaluation {
  /** What is kept of the best evaluation; default: the parameters as they are. */
  weights?(): ReadonlyMap<string, Float32Array>;
  readonly everySteps: number;
  /** On the parameters as they are: loss and metrics of validation rows. */
  evaluate(): Promise<Readonly<Record<string, number>>>;
  /** The value that decides which parameters are the best, and when to stop. */
  readonly watch: string;
  readonly better: "smaller" | "greater";
  /** Evaluations without a better one after which it stops; absent: never early. */
  readonly patience?: number;
  /** Lowers the learning rate when the watched value, which must be better when smaller, no longer falls. */
  readonly plateau?: PlateauOptions;
}

/** Told what happened; nothing they do changes the training. */
export interface FitCallbacks {
  onSteps?(event: {
    readonly step: number;
    readonly losses: Float32Array;
    readonly rates: Float64Array;
  }): void;
  onEvaluation?(event: { readonly step: number; readonly values: Readonly<Record<string, number>> }): void;
}

export interface FitResult {
  /** Taken. */
  readonly steps: number;
  readonly stoppedEarly: boolean;
  /** Of the best evaluation; without evaluations the last ones. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly bestStep: number;
  /** Mean of the training losses between evaluations, or of all steps. */
  readonly trainLoss: readonly number[];
  readonly evaluations: readonly EvaluationRecord[];
}

interface EvaluationRecord {
  readonly step: number;
  readonly values: Readonly<Record<string, number>>;
}

/** What the loop remembers between steps; kept in checkpoints. */
interface Progress {
  readonly trainLoss: number[];
  lossSum: number;
  lossCount: number;
  readonly evaluations: EvaluationRecord[];
  best?: { readonly step: number; readonly value: number };
  evaluationsWithoutGain: number;
  plateau: PlateauState;
  stopped: boolean;
}

/**
 * Trains to the end, from the newest checkpoint if there is one. Same definition, same bytes, interrupted or not.
 * @throws QuernError TRAINING_FAILED when the loss diverges; the reason of the signal when it is aborted
 */
export async function fitTraining(definition: FitDefinition): Promise<FitResult> {
  const run = new FitRun(definition);
  try {
    return await run.toEnd();
  } finally {
    await definition.batches.close?.();
  }
}

class FitRun {
  readonly #definition: FitDefinition;
  readonly #stepsAtOnce: number;
  #progress: Progress = {
    trainLoss: [],
    lossSum: 0,
    lossCount: 0,
    evaluations: [],
    evaluationsWithoutGain: 0,
    plateau: PLATEAU_START,
    stopped: false,
  };
  #best: ReadonlyMap<string, Float32Array> | undefined;
  #step = 0;

  constructor(definition: FitDefinition) {
    this.#definition = definition;
    this.#stepsAtOnce = definition.stepsAtOnce ?? (definition.training.execution === "loop" ? 32 : 1);
    const snapshot = definition.checkpoints?.store.latest();
    if (snapshot) this.#restore(snapshot);
  }

  async toEnd(): Promise<FitResult> {
    const { training, steps, checkpoints, signal } = this.#definition;
    while (this.#step < steps && !this.#progress.stopped) {
      if (signal?.aborted) {
        if (this.#step > 0) this.#save();
        signal.throwIfAborted();
      }
      const stop = this.#nextStop();
      await this.#take(this.#together(Math.min(this.#stepsAtOnce, stop - this.#step)));
      if (this.#step === stop) {
        await this.#evaluateIfDue();
        if (checkpoints && isDue(this.#step, checkpoints.everySteps)) this.#save();
      }
    }
    const { trainLoss, lossSum, lossCount, evaluations, best, stopped } = this.#progress;
    return {
      steps: this.#step,
      stoppedEarly: stopped,
      parameters: this.#best ?? training.parameters(),
      bestStep: best?.step ?? this.#step,
      trainLoss: lossCount > 0 ? [...trainLoss, lossSum / lossCount] : trainLoss,
      evaluations,
    };
  }

  /** The next step after which something else is to be done. */
  #nextStop(): number {
    const { steps, evaluation, checkpoints } = this.#definition;
    const after = (every: number | undefined) =>
      every === undefined ? steps : (Math.floor(this.#step / every) + 1) * every;
    return Math.min(steps, after(evaluation?.everySteps), after(checkpoints?.everySteps));
  }

  /** Of so many next steps, those up to the first of another form. */
  #together(count: number): number {
    const form = this.#formOf(this.#step);
    let together = 1;
    while (together < count && this.#formOf(this.#step + together) === form) together++;
    return together;
  }

  #formOf(step: number): number {
    return this.#definition.batches.form?.(step) ?? 0;
  }

  async #take(count: number): Promise<void> {
    const { training, batches, learningRate, callbacks = [] } = this.#definition;
    const first = this.#step;
    const steps = Array.from({ length: count }, (_, k) => first + k);
    const seen = await Promise.all(steps.map((step) => batches.batch(step)));
    const { factor } = this.#progress.plateau;
    const rates = Float64Array.from(steps, (step) => factor * learningRate(step));
    const losses = await training.run(rates, stackBatches(seen), this.#formOf(first));
    const broken = losses.findIndex((loss) => !Number.isFinite(loss));
    if (broken >= 0) throw diverged(first + broken);
    this.#step += count;
    for (const loss of losses) this.#progress.lossSum += loss;
    this.#progress.lossCount += count;
    for (const { onSteps } of callbacks) onSteps?.({ step: this.#step, losses, rates });
  }

  async #evaluateIfDue(): Promise<void> {
    const { evaluation, training, steps, callbacks = [] } = this.#definition;
    if (!evaluation) return;
    if (!isDue(this.#step, evaluation.everySteps) && this.#step !== steps) return;
    const progress = this.#progress;
    progress.trainLoss.push(progress.lossSum / progress.lossCount);
    progress.lossSum = 0;
    progress.lossCount = 0;
    const values = await evaluation.evaluate();
    progress.evaluations.push({ step: this.#step, values });
    for (const { onEvaluation } of callbacks) onEvaluation?.({ step: this.#step, values });
    const value = values[evaluation.watch];
    if (value === undefined) throw new Error(`The evaluation gives no ${JSON.stringify(evaluation.watch)}.`);
    const sign = evaluation.better === "smaller" ? 1 : -1;
    if (sign * value < sign * (progress.best?.value ?? sign * Number.POSITIVE_INFINITY)) {
      progress.best = { step: this.#step, value };
      this.#best = evaluation.weights?.() ?? training.parameters();
      progress.evaluationsWithoutGain = 0;
    } else {
      progress.evaluationsWithoutGain++;
      progress.stopped = progress.evaluationsWithoutGain >= (evaluation.patience ?? Number.POSITIVE_INFINITY);
    }
    if (evaluation.plateau) progress.plateau = plateau(progress.plateau, value, evaluation.plateau);
  }

  #save(): void {
    const { training, checkpoints } = this.#definition;
    if (!checkpoints) return;
    const { parameters, slots } = training.named();
    const progress = { ...this.#progress, plateau: packed(this.#progress.plateau) };
    const best = this.#best ? { best: this.#best } : {};
    checkpoints.store.save({ step: this.#step, parameters, slots, ...best, progress });
  }

  #restore(snapshot: Snapshot): void {
    restoreTraining(this.#definition.training, snapshot);
    const progress = snapshot.progress as Progress;
    this.#progress = { ...progress, plateau: unpacked(progress.plateau) };
    const { best } = snapshot;
    const names = [...this.#definition.training.named().parameters.keys()];
    this.#best = best && new Map(names.map((name) => [name, best.get(name)!]));
    this.#step = snapshot.step;
  }
}

function diverged(step: number): QuernError {
  return new QuernError("TRAINING_FAILED", `The loss is no finite number any more at step ${step}.`, {
    hint: "Use a smaller learning rate, a warm-up, or clip the gradients.",
    details: { step },
  });
}

const isDue = (step: number, every: number): boolean => step % every === 0;

/** JSON has no infinity, which is the best value before the first. */
const packed = (state: PlateauState) => ({
  ...state,
  best: Number.isFinite(state.best) ? state.best : null,
});
const unpacked = (state: Omit<PlateauState, "best"> & { readonly best: number | null }): PlateauState => ({
  ...state,
  best: state.best ?? Number.POSITIVE_INFINITY,
});
