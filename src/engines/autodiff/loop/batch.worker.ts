/** Prepares batches in a thread of its own; see batch-workers. */
import { parentPort, workerData } from "node:worker_threads";
import { QuernError } from "../../../foundation/base/errors.js";
import type { Batch, BatchSource } from "./batch-source.js";
import type { BatchAnswer } from "./batch-workers.js";

const { module, data } = workerData as { readonly module: string; readonly data: unknown };
const loaded = import(module).then(({ default: create }: { default: (data: unknown) => BatchSource }) =>
  create(data),
);

parentPort!.on("message", async (step: number) => {
  try {
    const batch = await (await loaded).batch(step);
    answer({ step, batch }, buffersOf(batch));
  } catch (cause) {
    const error = QuernError.is(cause) ? cause.toJSON() : { message: String(cause) };
    answer({ step, error });
  }
});

function answer(message: BatchAnswer, transferred: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transferred);
}

/** Buffers that hold one array of the batch and nothing else may change hands instead of being copied. */
function buffersOf(batch: Batch): ArrayBuffer[] {
  const views = Object.values(batch).filter((values) => ArrayBuffer.isView(values));
  const whole = views.filter(({ buffer, byteLength }) => {
    return buffer instanceof ArrayBuffer && buffer.byteLength === byteLength;
  });
  return [...new Set(whole.map(({ buffer }) => buffer as ArrayBuffer))];
}
