/** A thread that owns one session, so that computing never holds up the event loop that answers requests. */
import { parentPort, workerData } from "node:worker_threads";
import { openSession, type Session } from "../../engines/onnx/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { lowerThreadPriority } from "../../foundation/base/thread-priority.js";
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

/**
 * Where processors are few, what is answered at once (refusals, health, rows that wait for their batch) goes before what
 * computes.
 */
const LESS_URGENT = 3;

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
  lowerThreadPriority(LESS_URGENT);
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
