import { type ChildProcess, fork } from "node:child_process";
import { QuernError } from "../../foundation/base/errors.js";
import { builtFile } from "../../foundation/base/module-file.js";
import type { RunEvent, TrainResult } from "../../foundation/contracts/run.js";
import type { ChildMessage, CourseEntry, ParentMessage, TrainRequest } from "./messages.js";

/** After an abort the child gets this long to stop cleanly before it is killed; its store survives either way. */
const STOP_MS = 10_000;

/**
 * For glibc, which otherwise gives the large tensors of every step back to the system and has their pages faulted in
 * again: on a virtual machine a fifth of a large network's step. Other allocators do not look at it; the user's own
 * settings go first.
 */
export const TRAINING_ENVIRONMENT = {
  MALLOC_MMAP_THRESHOLD_: String(2 ** 30),
  MALLOC_TRIM_THRESHOLD_: String(2 ** 31 - 1),
};

interface Listeners {
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
  readonly onCourse: (entry: CourseEntry) => void;
}

/**
 * Runs a training in a child process with its own memory, so that neither a crash nor a full heap takes the
 * caller along. The optimising WebAssembly tier is used from the first call on.
 * @throws QuernError whatever the training throws; OUT_OF_MEMORY when the child was killed, as it is
 * by the system or by itself for want of memory; Error when it ended without a word
 */
export function spawnTraining(
  request: TrainRequest,
  options: Listeners & { startedAt: number },
): Promise<TrainResult> {
  const child = fork(builtFile("workflows/train/child.js"), [], {
    execArgv: ["--no-liftoff"],
    env: { ...TRAINING_ENVIRONMENT, ...process.env },
    serialization: "advanced",
    // The child reads standard input itself when that is the data.
    stdio: [request.project.data?.source === "-" ? "inherit" : "ignore", "ignore", "inherit", "ipc"],
  });
  const send = (message: ParentMessage): void => {
    if (child.connected) child.send(message);
  };
  const onAbort = (): void => {
    send({ kind: "abort" });
    setTimeout(() => child.kill("SIGKILL"), STOP_MS).unref();
  };
  options.signal.addEventListener("abort", onAbort, { once: true });
  send({ kind: "start", request, startedAt: options.startedAt });
  if (options.signal.aborted) onAbort();
  return outcomeOf(child, options).finally(() => options.signal.removeEventListener("abort", onAbort));
}

function outcomeOf(child: ChildProcess, options: Listeners): Promise<TrainResult> {
  return new Promise((resolve, reject) => {
    child.on("message", (message: ChildMessage) => {
      switch (message.kind) {
        case "event":
          return options.onEvent(message.event);
        case "course":
          return options.onCourse(message.entry);
        case "result":
          return resolve(message.result);
        case "failure":
          return reject(QuernError.fromJSON(message.error));
        case "crash": {
          const bug = new Error(message.message);
          bug.stack = message.stack;
          return reject(bug);
        }
      }
    });
    child.on("error", reject);
    child.on("exit", (code, signal) => reject(deathOf(code, signal, options.signal)));
  });
}

/** A child that ends without a word was killed, ran out of memory, or could not begin. */
function deathOf(code: number | null, signal: NodeJS.Signals | null, abort: AbortSignal): Error {
  if (abort.aborted) return new QuernError("INTERRUPTED", "The training was interrupted.");
  if (!signal) return new Error(`The training process ended with code ${code} before it could say why.`);
  return new QuernError(
    "OUT_OF_MEMORY",
    `The training process was killed by ${signal} before it finished; the usual reason is memory.`,
    {
      details: { signal },
      hint: "Use fewer rows or columns or a machine with more memory; the same command with `--resume` reuses what was finished.",
    },
  );
}
