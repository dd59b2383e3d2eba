/** A thread that owns one session, so that computing never holds up the event loop that answers requests. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { openSession, type Session } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type {
  InferenceReply,
  InferenceRequest,
  InferenceThreadData,
  RunMessage,
  TransferredError,
} from "./inference-messages.js";
import { buffersOf } from "./tensor-batch.js";

const { model, threads } = workerData as InferenceThreadData;
const reply = (message: InferenceReply, transfer: ArrayBuffer[] = []): void =>
  parentPort!.postMessage(message, transfer);

/** Nice value, so that two thirds of a processor that both want are the event loop's. */
const LESS_URGENT = 3;

/**
 * Where processors are few, what is answered at once (refusals, health, rows that wait for their batch) goes before what
 * computes. Linux alone has priorities of threads.
 */
function letEventLoopGoFirst(): void {
  if (process.platform !== "linux") return;
  try {
    const [, , thread] = readlinkSync("/proc/thread-self").split("/");
    setPriority(Number(thread), LESS_URGENT);
  } catch {
    // Where this is not allowed all threads are equal, as elsewhere.
  }
}

function transferred(cause: unknown): TransferredError {
  if (QuernError.is(cause)) return { known: cause.toJSON() };
  return { message: cause instanceof Error ? cause.message : String(cause) };
}

async function serve(session: Session, { id, inputs, outputs }: RunMessage): Promise<void> {
  try {
    const results = await session.run(inputs, outputs);
    reply({ kind: "done", id, outputs: results }, buffersOf(results));
  } catch (cause) {
    reply({ kind: "error", id, error: transferred(cause) });
  }
}

try {
  letEventLoopGoFirst();
  const session = await openSession(model, { threads });
  parentPort!.on("message", (message: InferenceRequest) => {
    if ("end" in message) process.exit(0);
    void serve(session, message);
  });
  const { inputs, outputs, comfortableRows } = session;
  reply({ kind: "ready", inputs, outputs, comfortableRows });
} catch (cause) {
  reply({ kind: "failed", error: transferred(cause) });
}
