import { Worker } from "node:worker_threads";
import { QuernError } from "../../foundation/base/errors.js";
import { builtFile } from "../../foundation/base/module-file.js";
import type { TensorPort } from "../../foundation/contracts/tensor.js";
import type {
  InferenceReply,
  InferenceThreadData,
  RunMessage,
  RunReply,
  TransferredError,
} from "./inference-messages.js";
import { buffersOf, type Tensors } from "./tensor-batch.js";

/** A thread that dies this often is not started again. */
const MAXIMUM_RESTARTS = 3;

export type StartWorker = (data: InferenceThreadData) => Worker;
const startBuiltWorker: StartWorker = (data) =>
  new Worker(builtFile("capabilities/serving/inference-worker.js"), { workerData: data });

interface PendingRun {
  resolve(outputs: Tensors): void;
  reject(cause: unknown): void;
}

/** One session in a thread of its own. Runs that were under way when the thread died fail; later ones wait for the next. */
export class InferenceThread {
  readonly #data: InferenceThreadData;
  readonly #start: StartWorker;
  readonly #pending = new Map<number, PendingRun>();
  #worker: Worker | undefined;
  #opening: Promise<void>;
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

  /** Takes the arrays of `inputs` with it: the caller must not use them again. */
  async run(inputs: Tensors, outputs: readonly string[]): Promise<Tensors> {
    await this.#opening;
    const id = this.#nextId++;
    const message: RunMessage = { id, inputs, outputs };
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { resolve, reject });
      this.#worker!.postMessage(message, buffersOf(inputs));
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#worker?.terminate();
  }

  #open(): Promise<void> {
    const worker = this.#start(this.#data);
    this.#worker = worker;
    return new Promise((resolve, reject) => {
      worker.on("message", (reply: InferenceReply) => {
        if (reply.kind === "ready") {
          this.inputs = reply.inputs;
          this.outputs = reply.outputs;
          this.comfortableRows = reply.comfortableRows;
          resolve();
        } else if (reply.kind === "failed") reject(received(reply.error));
        else this.#settle(reply);
      });
      worker.on("error", reject);
      worker.on("exit", (code) => {
        reject(new Error(`The inference thread ended with code ${code} before it was ready.`));
        this.#lost(new Error(`The inference thread ended with code ${code}.`));
      });
    });
  }

  #settle(reply: RunReply): void {
    const run = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    if (reply.kind === "done") run?.resolve(reply.outputs);
    else run?.reject(received(reply.error));
  }

  #lost(cause: Error): void {
    for (const run of this.#pending.values()) run.reject(cause);
    this.#pending.clear();
    if (this.#closed) return;
    this.#restarts += 1;
    this.#opening = this.#restarts > MAXIMUM_RESTARTS ? Promise.reject(cause) : this.#open();
    this.#opening.catch((failure) => {
      if (this.#restarts > MAXIMUM_RESTARTS) this.failure = failure;
    });
  }
}

function received(error: TransferredError): Error {
  return "known" in error ? QuernError.fromJSON(error.known) : new Error(error.message);
}
