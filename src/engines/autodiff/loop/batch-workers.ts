import { Worker } from "node:worker_threads";
import { QuernError, type SerializedError } from "../../../foundation/base/errors.js";
import { builtFile } from "../../../foundation/base/module-file.js";
import type { Batch, BatchSource } from "./batch-source.js";

export interface BatchWorkersOptions {
  /** A module whose default export makes a `BatchSource` from `data`; loaded once in every worker. */
  readonly module: URL;
  /** Given to the module; shared memory in it is not copied. */
  readonly data: unknown;
  /** Worker threads; never changes a batch. */
  readonly threads: number;
  /** Batches prepared before they are asked for; default twice the threads. */
  readonly ahead?: number;
  /** No batch of this number or beyond is prepared. */
  readonly steps: number;
}

/** Between this thread and a worker. */
export type BatchAnswer =
  | { readonly step: number; readonly batch: Batch }
  | { readonly step: number; readonly error: SerializedError | { readonly message: string } };

interface Waiting {
  resolve(batch: Batch): void;
  reject(error: unknown): void;
}

/** Batches prepared ahead in worker threads: step k in worker k modulo their number. */
export function createBatchWorkers({
  module,
  data,
  threads,
  steps,
  ahead = 2 * threads,
}: BatchWorkersOptions): BatchSource & Required<Pick<BatchSource, "close">> {
  const pending = new Map<number, Promise<Batch>>();
  const waiting = new Map<number, Waiting>();
  const script = builtFile("engines/autodiff/loop/batch.worker.js");
  const workers = Array.from({ length: threads }, () => {
    const worker = new Worker(script, { workerData: { module: module.href, data } });
    worker.on("message", (answer: BatchAnswer) => {
      const one = waiting.get(answer.step);
      waiting.delete(answer.step);
      if ("batch" in answer) one?.resolve(answer.batch);
      else one?.reject(errorOf(answer.error));
    });
    worker.on("error", (error) => {
      for (const one of waiting.values()) one.reject(error);
      waiting.clear();
    });
    worker.unref();
    return worker;
  });
  const prepare = (step: number): Promise<Batch> => {
    const known = pending.get(step);
    if (known) return known;
    const batch = new Promise<Batch>((resolve, reject) => waiting.set(step, { resolve, reject }));
    // One that is never asked for must not end the process when it fails.
    batch.catch(() => undefined);
    pending.set(step, batch);
    workers[step % threads]!.postMessage(step);
    return batch;
  };
  return {
    async batch(step) {
      workers[step % threads]!.ref();
      const batch = prepare(step);
      for (let next = step + 1; next <= Math.min(step + ahead, steps - 1); next++) prepare(next);
      try {
        return await batch;
      } finally {
        pending.delete(step);
        workers[step % threads]!.unref();
      }
    },
    async close() {
      await Promise.all(workers.map((worker) => worker.terminate()));
    },
  };
}

function errorOf(error: SerializedError | { readonly message: string }): Error {
  return "code" in error ? QuernError.fromJSON(error) : new Error(error.message);
}
