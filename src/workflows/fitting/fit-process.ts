import { type ChildProcess, fork } from "node:child_process";
import { QuernError } from "../../foundation/base/errors.js";
import {
  type ComputedFit,
  type FitReply,
  type FitRequest,
  type FitTask,
  type FitWork,
  restoreFailure,
} from "./fit-messages.js";

/** Of what a dying worker wrote, the end says why. */
const KEPT_ERROR_CHARACTERS = 4_000;
/** A process that is still loading its modules on a busy machine is not a fit that hangs. */
const START_PATIENCE_MS = 60_000;

export interface FitProcessOptions {
  /** The script that calls `serveFits`. */
  readonly script: URL;
  readonly work: FitWork;
  /** Limit of the JavaScript heap; typed arrays are not counted by the engine. */
  readonly heapMebibytes: number;
  /** After an abort or at the end it gets this long before it is killed. */
  readonly graceMs: number;
  /** A fit that says nothing for this long counts as hung; counts from the process's first sign of life. */
  readonly silenceMs: number;
}

export interface FitListener {
  readonly signal: AbortSignal;
  /** What the fit may take, where its trainer can end in time. */
  readonly limitSeconds?: number | undefined;
  /** Progress and log lines. */
  onReply(reply: Extract<FitReply, { kind: "progress" | "log" }>): void;
}

/** The worker ended without an answer. */
export class FitProcessDeath extends Error {}

interface Running {
  readonly id: number;
  readonly listener: FitListener;
  resolve(fit: ComputedFit): void;
  reject(failure: Error): void;
}

/** One worker process, seen from its parent: one fit at a time. */
export class FitProcess {
  readonly #options: FitProcessOptions;
  readonly #child: ChildProcess;
  readonly #gone: Promise<void>;
  #alive = true;
  #spoke = false;
  #hung = false;
  #hang: NodeJS.Timeout | undefined;
  #errors = "";
  #fits = 0;
  #running: Running | undefined;

  constructor(options: FitProcessOptions) {
    this.#options = options;
    const child = fork(options.script, [], {
      // The optimising WebAssembly tier from the first call on, as in the training process.
      execArgv: ["--no-liftoff", `--max-old-space-size=${options.heapMebibytes}`],
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    child.stderr!.setEncoding("utf8").on("data", (text: string) => {
      this.#errors = (this.#errors + text).slice(-KEPT_ERROR_CHARACTERS);
    });
    child.on("message", (reply: FitReply) => this.#receive(reply));
    this.#gone = new Promise((resolve) => {
      // `close` comes behind the last of standard error; a process that could not be started has `error` alone.
      child.once("close", (code, signal) => resolve(this.#end(code, signal)));
      child.once("error", (cause) => {
        this.#errors ||= String(cause);
        if (child.pid === undefined) resolve(this.#end(null, null));
      });
    });
    this.#send({ kind: "open", work: options.work });
  }

  get alive(): boolean {
    return this.#alive;
  }

  /**
   * Resolves when the result is stored. After an abort it settles when the worker is free again or gone.
   * @throws FitProcessDeath when the worker died; QuernError TRAINING_FAILED when it hung; what the fit threw
   */
  async run(task: FitTask, listener: FitListener): Promise<ComputedFit> {
    const { signal, limitSeconds } = listener;
    const id = this.#fits++;
    let deadline: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      this.#send({ kind: "abort", id });
      deadline = setTimeout(() => this.#kill(), this.#options.graceMs);
    };
    this.#awaitLife();
    try {
      return await new Promise((resolve, reject) => {
        this.#running = { id, listener, resolve, reject };
        if (!this.#alive) return reject(this.#death(null, null));
        this.#send({ kind: "fit", id, task, ...(limitSeconds === undefined ? {} : { limitSeconds }) });
        signal.addEventListener("abort", onAbort, { once: true });
        if (signal.aborted) onAbort();
      });
    } finally {
      this.#running = undefined;
      signal.removeEventListener("abort", onAbort);
      clearTimeout(deadline);
      clearTimeout(this.#hang);
    }
  }

  /** From now on the running fit has to say something in time. */
  #awaitLife(): void {
    const { silenceMs } = this.#options;
    clearTimeout(this.#hang);
    this.#hang = setTimeout(
      () => {
        this.#hung = true;
        this.#kill();
      },
      this.#spoke ? silenceMs : Math.max(silenceMs, START_PATIENCE_MS),
    );
  }

  /** Ends the process; resolves when it is gone. */
  async close(): Promise<void> {
    // Not `disconnect()`: after that Node never tells of the process's end by `close`.
    this.#send({ kind: "close" });
    const deadline = setTimeout(() => this.#kill(), this.#options.graceMs);
    await this.#gone;
    clearTimeout(deadline);
  }

  #kill(): void {
    this.#child.kill("SIGKILL");
  }

  #send(request: FitRequest): void {
    // With a callback, a worker that is gone is no error here: its end is told by `close`.
    if (this.#child.connected) this.#child.send(request, () => undefined);
  }

  #receive(reply: FitReply): void {
    this.#spoke = true;
    const running = this.#running;
    if (!running) return;
    this.#awaitLife();
    switch (reply.kind) {
      case "alive":
        return;
      case "progress":
      case "log":
        running.listener.onReply(reply);
        return;
      case "fitted":
        if (reply.id === running.id) running.resolve(reply.fit);
        return;
      case "failed":
        if (reply.id === running.id) running.reject(restoreFailure(reply.failure));
    }
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    this.#alive = false;
    this.#running?.reject(this.#hung ? this.#silence() : this.#death(code, signal));
  }

  #silence(): QuernError {
    const seconds = Math.round(this.#options.silenceMs / 1000);
    return new QuernError(
      "TRAINING_FAILED",
      `The fit showed no sign of life for ${seconds} s and was ended.`,
    );
  }

  #death(code: number | null, signal: NodeJS.Signals | null): FitProcessDeath {
    const how = signal ? `killed by ${signal}` : `ended with code ${code}`;
    const last = this.#errors.trim();
    return new FitProcessDeath(`The fitting process was ${how}${last ? `: ${last}` : ""}`);
  }
}
