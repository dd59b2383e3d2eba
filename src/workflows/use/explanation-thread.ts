import { Worker } from "node:worker_threads";
import { QuernError } from "../../foundation/base/errors.js";
import { builtFile } from "../../foundation/base/module-file.js";
import { refuseTelemetry } from "../../foundation/base/no-telemetry.js";
import type { PredictionExplanation } from "../../foundation/contracts/explanation.js";
import type { Row } from "../../foundation/contracts/prediction.js";
import type { RowsExplainer, ServableBundle } from "../../foundation/contracts/serving.js";
import type { ExplanationReply, ExplanationRequest, ExplanationThreadData } from "./explanation-messages.js";

/** Rows that may wait; beyond it requests are refused at once rather than late. */
const QUEUE_LIMIT_ROWS = 1024;

interface Pending {
  readonly rows: number;
  resolve(explanations: readonly PredictionExplanation[]): void;
  reject(cause: unknown): void;
}

/** Explains the rows of one served model in a thread that starts with the first request and again after a death. */
export function createExplanationThread(bundle: ServableBundle): RowsExplainer {
  return new ExplanationThread(bundle);
}

class ExplanationThread implements RowsExplainer {
  readonly #bundle: ServableBundle;
  readonly #pending = new Map<number, Pending>();
  #worker: Worker | undefined;
  #nextId = 0;
  #waitingRows = 0;

  constructor(bundle: ServableBundle) {
    this.#bundle = bundle;
  }

  explain(rows: readonly Row[]): Promise<readonly PredictionExplanation[]> {
    if (this.#waitingRows > 0 && this.#waitingRows + rows.length > QUEUE_LIMIT_ROWS) {
      const details = { waitingRows: this.#waitingRows, limit: QUEUE_LIMIT_ROWS, retryAfterSeconds: 1 };
      return Promise.reject(
        new QuernError("OVERLOADED", `${this.#waitingRows} rows wait to be explained already.`, { details }),
      );
    }
    const id = this.#nextId++;
    this.#waitingRows += rows.length;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { rows: rows.length, resolve, reject });
      this.#worker ??= this.#start();
      this.#worker.postMessage({ id, rows } satisfies ExplanationRequest);
    });
  }

  async close(): Promise<void> {
    await this.#worker?.terminate();
  }

  #start(): Worker {
    const data: ExplanationThreadData = { bundle: this.#bundle };
    refuseTelemetry();
    const worker = new Worker(builtFile("workflows/use/explanation.worker.js"), { workerData: data });
    worker.on("message", (reply: ExplanationReply) => this.#settle(reply));
    worker.on("error", (cause) => this.#lost(cause));
    worker.on("exit", (code) => this.#lost(new Error(`The explaining thread ended with code ${code}.`)));
    return worker;
  }

  #settle(reply: ExplanationReply): void {
    const pending = this.#pending.get(reply.id);
    this.#pending.delete(reply.id);
    this.#waitingRows -= pending?.rows ?? 0;
    if ("explanations" in reply) pending?.resolve(reply.explanations);
    else {
      const { error } = reply;
      pending?.reject("code" in error ? QuernError.fromJSON(error) : new Error(error.message));
    }
  }

  #lost(cause: unknown): void {
    for (const { reject } of this.#pending.values()) reject(cause);
    this.#pending.clear();
    this.#waitingRows = 0;
    this.#worker = undefined;
  }
}
