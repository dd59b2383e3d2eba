import { Worker } from "node:worker_threads";
import { QuernError } from "../../foundation/base/errors.js";
import { builtFile } from "../../foundation/base/module-file.js";
import { refuseTelemetry } from "../../foundation/base/no-telemetry.js";
import type { TensorPort } from "../../foundation/contracts/tensor.js";
import type {
  EndMessage,
  InferenceReply,
  InferenceThreadData,
  RunMessage,
  RunReply,
  TransferredError,
} from "./inference-messages.js";
import type { Tensors } from "./tensor-batch.js";

/** A thread that dies this often without an answer in between is not started again. */
const MAXIMUM_RESTARTS = 3;
/** Runs of a thread that died are computed again, but what was in so many threads that died may be the cause. */
const MOST_ATTEMPTS = 3;

/** A run that takes longer than this while its thread is to end is cut off. */
const PATIENCE_MS = 10_000;

export type StartWorker = (data: InferenceThreadData) => Worker;
const startBuiltWorker: StartWorker = (data) => {
  refuseTelemetry();
  return new Worker(builtFile("capabilities/serving/inference-worker.js"), {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: heapLimitMb(data.model.length) },
  });
};

/** Of the thread's own heap: the runtime's memory is bounded by the rows of a batch. A thread beyond it ends and is replaced. */
function heapLimitMb(modelBytes: number): number {
  return Math.max(512, Math.ceil((16 * modelBytes) / 2 ** 20));
}

interface PendingRun {
  readonly message: RunMessage;
  attempts: number;
  resolve(outputs: Tensors): void;
  reject(cause: unknown): void;
}

/**
 * One session in a thread of its own. When the thread dies, the next one computes what was under way: computing twice changes
 * nothing.
 */
export class InferenceThread {
  readonly #data: InferenceThreadData;
  readonly #start: StartWorker;
  readonly #pending = new Map<number, PendingRun>();
  #worker: Worker | undefined;
  #opening: Promise<void>;
  readonly #ended = new WeakSet<Worker>();
  #nextId = 0;
  #restarts = 0;
  #closed = false;
  inputs: readonly TensorPort[] = [];
  outputs: readonly TensorPort[] = [];
  comfortableRows = 1;
  /** Set when the thread cannot be started again. */
  failure: unknown;

  private constructor(data: InferenceThreadData, start: StartWorker) {
    this.#data = data;
    this.#start = start;
    this.#opening = this.#open();
  }

  /** @throws QuernError MODEL_REFUSED */
  static async open(
    data: InferenceThreadData,
    start: StartWorker = startBuiltWorker,
  ): Promise<InferenceThread> {
    const thread = new InferenceThread(data, start);
    try {
      await thread.#opening;
    } catch (cause) {
      await thread.close();
      throw cause;
    }
    return thread;
  }

  /** The caller must not change the arrays of `inputs` before it has its answer. */
  async run(inputs: Tensors, outputs: readonly string[]): Promise<Tensors> {
    await this.#opening;
    const message: RunMessage = { id: this.#nextId++, inputs, outputs };
    return new Promise((resolve, reject) => this.#post({ message, attempts: 0, resolve, reject }));
  }

  /** The thread gets a copy, so that another one can take its place. */
  #post(run: PendingRun): void {
    run.attempts += 1;
    this.#pending.set(run.message.id, run);
    this.#worker!.postMessage(run.message);
  }

  /** Ends the thread after the run it is in. */
  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (!worker || this.#ended.has(worker)) return;
    const end: EndMessage = { end: true };
    const ended = new Promise((resolve) => worker.once("exit", resolve));
    worker.postMessage(end);
    const patience = setTimeout(() => void worker.terminate(), PATIENCE_MS);
    await ended;
    clearTimeout(patience);
  }

  #open(): Promise<void> {
    const worker = this.#start(this.#data);
    this.#worker = worker;
    let isReady = false;
    return new Promise((resolve, reject) => {
      worker.on("message", (reply: InferenceReply) => {
        if (reply.kind === "ready") {
          this.inputs = reply.inputs;
          this.outputs = reply.outputs;
          this.comfortableRows = reply.comfortableRows;
          isReady = true;
          resolve();
        } else if (reply.kind === "failed") reject(received(reply.error));
        else this.#settle(reply);
      });
      worker.on("error", reject);
      worker.on("exit", (code) => {
        this.#ended.add(worker);
        const cause = new Error(`The inference thread ended with code ${code}.`);
        // One that was not ready yet had nothing to lose.
        if (isReady) this.#lost(cause);
        else reject(cause);
      });
    });
  }

  #settle(reply: RunReply): void {
    const run = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    this.#restarts = 0;
    if (reply.kind === "done") run?.resolve(reply.outputs);
    else run?.reject(received(reply.error));
  }

  #lost(cause: Error): void {
    const lost = [...this.#pending.values()];
    this.#pending.clear();
    const isTried = (run: PendingRun) => this.#closed || run.attempts >= MOST_ATTEMPTS;
    for (const run of lost.filter(isTried)) run.reject(cause);
    if (this.#closed) return;
    this.#opening = this.#openAgain(cause);
    this.#opening.catch((failure) => {
      if (!this.#closed) this.failure = failure;
    });
    for (const run of lost.filter((run) => !isTried(run))) {
      this.#opening.then(() => this.#post(run), run.reject);
    }
  }

  /** Until a thread is ready, or too many died. */
  async #openAgain(death: Error): Promise<void> {
    let cause = death;
    for (;;) {
      this.#restarts += 1;
      if (this.#restarts > MAXIMUM_RESTARTS || this.#closed) throw cause;
      try {
        return await this.#open();
      } catch (failure) {
        cause = failure as Error;
      }
    }
  }
}

function received(error: TransferredError): Error {
  return "known" in error ? QuernError.fromJSON(error.known) : new Error(error.message);
}
