/** The training process: waits for one request, runs it, sends progress and the outcome, ends. */
import { QuernError } from "../../foundation/base/errors.js";
import type { ChildMessage, ParentMessage } from "./messages.js";
import { runTraining } from "./run-training.js";

const controller = new AbortController();
const interrupt = (): void =>
  controller.abort(new QuernError("INTERRUPTED", "The training was interrupted."));

const send = (message: ChildMessage): Promise<void> =>
  new Promise((resolve) => {
    if (process.connected && process.send) process.send(message, undefined, {}, () => resolve());
    else resolve();
  });

// Ctrl-C reaches the whole process group: the parent decides and tells, so that both agree on why.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", interrupt);
// A parent that died cannot take the result: stop cleanly, the store keeps what is done.
process.on("disconnect", interrupt);

process.on("message", (message: ParentMessage) => {
  if (message.kind === "abort") return interrupt();
  void runTraining(message.request, {
    startedAt: message.startedAt,
    signal: controller.signal,
    onEvent: (event) => void send({ kind: "event", event }),
    onCourse: (entry) => void send({ kind: "course", entry }),
  })
    .then(
      (result) => send({ kind: "result", result }),
      (failure: unknown) => send(describeFailure(interruptionOr(failure))),
    )
    .finally(() => process.exit());
});

/** What an abort makes fail is not worth telling; the abort is. */
const interruptionOr = (failure: unknown): unknown =>
  controller.signal.aborted && !QuernError.is(failure) ? controller.signal.reason : failure;

function describeFailure(failure: unknown): ChildMessage {
  if (QuernError.is(failure))
    return {
      kind: "failure",
      error: { code: failure.code, message: failure.message, hint: failure.hint, details: failure.details },
    };
  const error = failure instanceof Error ? failure : new Error(String(failure));
  return { kind: "crash", message: error.message, stack: error.stack ?? "" };
}
