import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import { BUNDLE_FILES, type Manifest } from "../../foundation/contracts/bundle.js";
import { checkPorts, checkSample, parseSample } from "../../foundation/contracts/bundle-check.js";
import type { BundlePredictor, RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import type { PredictionExplanation } from "../../foundation/contracts/explanation.js";
import type { Prediction, Row } from "../../foundation/contracts/prediction.js";
import type {
  RowsExplainer,
  ServableBundle,
  ServedModel,
  ServedModelState,
  ServingObserver,
} from "../../foundation/contracts/serving.js";
import { elementCount, type TensorPort } from "../../foundation/contracts/tensor.js";
import { Admission } from "./admission.js";
import type { AnswerCache } from "./answer-cache.js";
import { Batcher } from "./batcher.js";
import { answerFromCache } from "./cached-answers.js";
import { type AnswerRow, directAnswers } from "./direct-answers.js";
import { type DirectPath, rowCount } from "./direct-path.js";
import { InferenceThread, type StartWorker } from "./inference-thread.js";
import { measuredDirectPath } from "./measured-direct-path.js";
import { type PredictorOptions, predictorOf } from "./predictor-of.js";
import type { Tensors } from "./tensor-batch.js";

export interface ServingOptions extends PredictorOptions {
  readonly clock: Clock;
  readonly observer?: ServingObserver;
  /** Default 64. */
  readonly maximumBatchRows?: number;
  /** Default 4096. */
  readonly queueLimitRows?: number;
  /** Threads inside one operator; default 1: more cost throughput with small models. */
  readonly threads?: number;
  readonly startWorker?: StartWorker;
  /** Bytes of answers kept by the content of their rows, of all models together; default 0: none. */
  readonly cacheBytes?: number;
  /** Makes what explains the rows of a model; costs nothing until it is asked. Absent: nothing is explained. */
  readonly createExplainer?: (bundle: ServableBundle) => RowsExplainer;
}

/** Rows of one large request that are computed together; between them other callers get their turn. */
const CHUNK_ROWS = 256;
const WARM_UP_RUNS = 6;
/** Bodies of few rows come in less time than it takes to count them. */
const SMALL_BODY_BYTES = 4096;
/** A server that has just started gives its first answers before it measures. */
const MEASURE_AFTER_MS = 250;

/** @throws QuernError BUNDLE_INVALID, MODEL_REFUSED */
export async function openServedModel(
  bundle: ServableBundle,
  options: ServingOptions,
  cache?: AnswerCache,
): Promise<PooledModel> {
  const model = bundle.files.get(BUNDLE_FILES.model)!;
  const thread = await InferenceThread.open({ model, threads: options.threads ?? 1 }, options.startWorker);
  try {
    checkPorts(bundle.manifest, thread.inputs, thread.outputs);
    const served = new PooledModel(bundle, thread, options);
    await warmUp(served, bundle);
    served.measureSoon(() => measuredDirectPath(bundle, thread, options));
    // After the warm-up, which must compute.
    if (cache) served.answerFrom(cache);
    return served;
  } catch (cause) {
    await thread.close();
    throw cause;
  }
}

/** The first answers are slow and could be wrong: they go to the sample, not to a caller. */
async function warmUp(served: PooledModel, { files }: ServableBundle): Promise<void> {
  const sample = parseSample(files.get(BUNDLE_FILES.sample)!);
  checkSample(sample, await served.predict(sample.requests));
  if (sample.requests.length === 0) return;
  const batch = Array.from({ length: 64 }, (_, index) => sample.requests[index % sample.requests.length]!);
  for (let run = 0; run < WARM_UP_RUNS; run++) {
    await served.predict(run % 2 === 0 ? batch : batch.slice(0, 1));
  }
}

/** A served model with what only its pool may do. */
export class PooledModel implements ServedModel {
  readonly bundle: string;
  readonly manifest: Manifest;
  readonly inputs: readonly TensorPort[];
  readonly outputs: readonly TensorPort[];
  readonly #thread: InferenceThread;
  readonly #batcher: Batcher;
  readonly #predictor: BundlePredictor;
  readonly #explainer: RowsExplainer | undefined;
  #direct: { readonly rows: number; readonly answer: AnswerRow } | undefined;
  #measuring: NodeJS.Timeout | undefined;
  readonly #admission: Admission;
  /** Of one row in JSON, as the sample has it. */
  readonly #bytesPerRow: number;
  readonly #observer: ServingObserver | undefined;
  #cache: AnswerCache | undefined;
  #draining = false;

  constructor(bundle: ServableBundle, thread: InferenceThread, options: ServingOptions) {
    const { id, manifest } = bundle;
    this.#explainer = options.createExplainer?.(bundle);
    this.bundle = id;
    this.manifest = manifest;
    this.inputs = thread.inputs;
    this.outputs = thread.outputs;
    this.#thread = thread;
    const { observer } = options;
    this.#observer = observer;
    this.#batcher = new Batcher({
      clock: options.clock,
      maximumBatchRows: Math.min(options.maximumBatchRows ?? 64, thread.comfortableRows),
      run: (inputs, outputs) => thread.run(inputs, outputs),
      onBatch: (rows, seconds) => observer?.batch?.(this, rows, seconds),
      onRefused: (reason) => observer?.refused?.(this, reason),
    });
    this.#admission = new Admission({
      limitRows: options.queueLimitRows ?? 4096,
      mostRowsOfOne: CHUNK_ROWS,
      secondsPerRow: () => this.#batcher.secondsPerRow,
      onRefused: () => observer?.refused?.(this, "overloaded"),
    });
    this.#bytesPerRow = bytesPerRow(bundle);
    this.#predictor = predictorOf(
      bundle,
      options,
      (inputs, outputs, runOptions) => this.#batcher.submit(inputs, outputs, rowCount(inputs), runOptions),
      Math.min(CHUNK_ROWS, thread.comfortableRows),
    );
  }

  /** Looks for a shorter way to answer while the thread answers; without one all stays as it is. */
  measureSoon(measure: () => Promise<DirectPath | undefined>): void {
    const found = (path: DirectPath | undefined): void => {
      if (path && !this.#draining) this.#use(path);
    };
    // A thread that dies meanwhile is the concern of those who wait for its answers.
    this.#measuring = setTimeout(() => measure().then(found, () => undefined), MEASURE_AFTER_MS).unref();
  }

  #use({ rows, isCheapestUnderLoad, model }: DirectPath): void {
    // Tensors may hold any whole number, and only the runtime is exact to 64 bits; of rows it is known what they hold.
    if (!model.takesWholeNumbers)
      this.#batcher.direct = {
        ...{ rows, isCheapestUnderLoad },
        run: (inputs, outputs) => model.run(inputs, outputs),
      };
    const answer = isCheapestUnderLoad ? directAnswers(this.manifest, model) : undefined;
    this.#direct = answer && { rows, answer };
  }

  get state(): ServedModelState {
    if (this.#thread.failure !== undefined) return "failed";
    return this.#draining ? "draining" : "ready";
  }
  get busyRows(): number {
    return this.#batcher.busyRows;
  }

  requireRoom(): void {
    this.#admission.requireRoom();
  }

  expectBody(bytes: number): (() => void) | undefined {
    if (bytes >= SMALL_BODY_BYTES) return this.#admission.expect(Math.ceil(bytes / this.#bytesPerRow));
    this.#admission.requireRoom();
    return undefined;
  }

  answerFrom(cache: AnswerCache): void {
    this.#cache = cache;
  }

  async predict(rows: readonly Row[], options: RunOptions = {}): Promise<readonly Prediction[]> {
    if (this.#cache) return this.#answerFromCache(this.#cache, rows, options);
    return this.#answerAtOnce(rows, options) ?? this.#answerByGraph(rows, options);
  }

  #answerFromCache(
    cache: AnswerCache,
    rows: readonly Row[],
    options: RunOptions,
  ): Promise<readonly Prediction[]> {
    const { bundle, manifest } = this;
    const predict = async (missing: readonly Row[]) =>
      this.#answerAtOnce(missing, options) ?? this.#answerByGraph(missing, options);
    const onRows = (hits: number, misses: number) => this.#observer?.cached?.(this, hits, misses);
    return answerFromCache({ cache, bundle, manifest, predict, onRows }, rows);
  }

  /** @returns `undefined` where there are too many rows for it, or a mistake that the encoding of rows names */
  #answerAtOnce(rows: readonly Row[], options: RunOptions): readonly Prediction[] | undefined {
    const direct = this.#direct;
    if (!direct || rows.length === 0 || rows.length > direct.rows) return undefined;
    return this.#batcher.compute(rows.length, options, () => {
      const answers: Prediction[] = [];
      for (const row of rows) {
        const answer = direct.answer(row);
        if (!answer) return undefined;
        answers.push(answer);
      }
      return answers;
    });
  }

  async #answerByGraph(rows: readonly Row[], options: RunOptions): Promise<readonly Prediction[]> {
    this.#admission.enter(rows.length);
    try {
      return await this.#predictor.predict(rows, options);
    } finally {
      this.#admission.leave(rows.length);
    }
  }

  explain(rows: readonly Row[]): Promise<readonly PredictionExplanation[]> {
    if (this.#explainer && !this.#draining) return this.#explainer.explain(rows);
    return Promise.reject(new QuernError("UNSUPPORTED", "Predictions are not explained here."));
  }

  async infer(inputs: Tensors, outputs: readonly string[], options?: RunOptions): Promise<Tensors> {
    const rows = checkTensors(inputs, this.inputs);
    this.#admission.enter(rows);
    try {
      return await this.#batcher.submit(inputs, outputs, rows, options);
    } finally {
      this.#admission.leave(rows);
    }
  }

  async close(timeoutMs: number): Promise<void> {
    this.#draining = true;
    clearTimeout(this.#measuring);
    await this.#admission.close(timeoutMs);
    // Who has not left by now is refused.
    await this.#batcher.drain(0);
    await this.#explainer?.close();
    await this.#thread.close();
  }
}

function bytesPerRow({ files }: ServableBundle): number {
  const { requests } = parseSample(files.get(BUNDLE_FILES.sample)!);
  return requests.length === 0 ? SMALL_BODY_BYTES : JSON.stringify(requests).length / requests.length;
}

/** The number of rows that all tensors have. @throws QuernError PREDICTION_INPUT */
function checkTensors(inputs: Tensors, ports: readonly TensorPort[]): number {
  let rows: number | undefined;
  for (const { name, type, shape } of ports) {
    const tensor = inputs[name];
    if (!tensor) throw badTensor(name, "is missing");
    if (tensor.type !== type) throw badTensor(name, `has type ${tensor.type}, not ${type}`);
    const fits =
      tensor.shape.length === shape.length &&
      shape.every((size, axis) => axis === 0 || typeof size === "string" || size === tensor.shape[axis]);
    if (!fits) throw badTensor(name, `has shape [${tensor.shape}], not [${["rows", ...shape.slice(1)]}]`);
    if (tensor.data.length !== elementCount(tensor.shape)) {
      throw badTensor(name, `has ${tensor.data.length} values for shape [${tensor.shape}]`);
    }
    rows ??= tensor.shape[0]!;
    if (tensor.shape[0] !== rows) throw badTensor(name, `has ${tensor.shape[0]} rows, other inputs ${rows}`);
  }
  return rows ?? 0;
}

function badTensor(name: string, why: string): QuernError {
  return new QuernError("PREDICTION_INPUT", `Input ${JSON.stringify(name)} ${why}.`, {
    details: { input: name },
  });
}
