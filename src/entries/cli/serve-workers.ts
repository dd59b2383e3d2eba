/** Several server processes behind one port: started, replaced when they die, stopped together. */
import cluster, { type Worker } from "node:cluster";
import { systemClock } from "../../foundation/base/clock.js";
import type { Io } from "./io.js";

/** What the processes say to each other. */
type Message = { readonly quern: "stop" | "ready" };

/** Fewer, larger sweeps of young objects: requests leave many, and a sweep costs by what is still alive. */
const YOUNG_GENERATION_MB = 64;
/** A process that dies sooner after its start is not worth starting again at once. */
const SHORT_LIFE_MS = 5_000;
const MOST_SHORT_LIVES = 5;

export interface WorkerOptions {
  readonly workers: number;
  /** Heap of one process; 0 leaves it to the runtime. */
  readonly workerMemoryMb: number;
  /** Sees every process that is started. */
  readonly onStart: (worker: Worker) => void;
  readonly io: Io;
}

/** Whether this process is one of several. */
export const isServeWorker = (): boolean => cluster.isWorker;

/** Aborted when the first process says so, or as `signal` is. */
export function workerSignal(signal: AbortSignal): AbortSignal {
  if (!cluster.isWorker) return signal;
  const stopped = new AbortController();
  process.on("message", (message: Message) => message.quern === "stop" && stopped.abort());
  return AbortSignal.any([signal, stopped.signal]);
}

/** Tells the first process that this one listens on all its ports. */
export function announceReady(): void {
  const message: Message = { quern: "ready" };
  if (cluster.isWorker) process.send?.(message);
}

/** Lets this process end: the channel to the first one would keep it alive. */
export function leaveWorkers(): void {
  if (cluster.isWorker && process.connected) process.disconnect();
}

/**
 * Runs until `io.signal` is aborted, then lets every process finish what it accepted. The first one starts alone, so
 * that what is wrong is said once.
 */
export async function runServeWorkers(options: WorkerOptions): Promise<number> {
  const { workers, workerMemoryMb, onStart, io } = options;
  cluster.setupPrimary({
    args: process.argv.slice(2),
    execArgv: [
      ...process.execArgv,
      `--max-semi-space-size=${YOUNG_GENERATION_MB}`,
      ...(workerMemoryMb > 0 ? [`--max-old-space-size=${workerMemoryMb}`] : []),
    ],
  });
  const group = new WorkerGroup(io, onStart);
  const first = await group.start();
  if (first !== undefined) return first;
  const failed = (await Promise.all(Array.from({ length: workers - 1 }, () => group.start()))).find(
    (code) => code !== undefined,
  );
  if (failed === undefined) {
    io.note(`${workers} processes serve.`);
    await group.untilStopped();
    io.note("Stopping: what was accepted is answered.");
  }
  await group.stop();
  return failed ?? group.code;
}

class WorkerGroup {
  readonly #io: Io;
  readonly #onStart: WorkerOptions["onStart"];
  readonly #running = new Set<Worker>();
  readonly #listening = new Set<Worker>();
  #isStopping = false;
  /** Before any process listened, one that ends says what is wrong with the options or the models. */
  #isReady = false;
  #shortLives = 0;
  #giveUp: () => void = () => undefined;
  code = 0;

  constructor(io: Io, onStart: WorkerOptions["onStart"]) {
    this.#io = io;
    this.#onStart = onStart;
  }

  /** Resolves when the process listens, or with its exit code when it ended before. */
  start(): Promise<number | undefined> {
    const worker = cluster.fork();
    const born = systemClock.elapsed();
    this.#running.add(worker);
    this.#onStart(worker);
    return new Promise((resolve) => {
      worker.on("message", (message: Message) => {
        if (message.quern !== "ready") return;
        this.#isReady = true;
        this.#listening.add(worker);
        resolve(undefined);
      });
      worker.once("exit", (code, signal) => {
        this.#running.delete(worker);
        this.#listening.delete(worker);
        resolve(code ?? 1);
        if (this.#isReady && !this.#isStopping)
          this.#replace(signal ?? `code ${code}`, systemClock.elapsed() - born);
      });
    });
  }

  #replace(why: string, livedMs: number): void {
    this.#io.note(`A server process ended (${why}).`);
    this.#shortLives = livedMs < SHORT_LIFE_MS ? this.#shortLives + 1 : 0;
    if (this.#shortLives < MOST_SHORT_LIVES) {
      void this.start();
      return;
    }
    this.code = 1;
    this.#io.note("Processes end as soon as they start; giving up.");
    this.#giveUp();
  }

  untilStopped(): Promise<void> {
    const { signal } = this.#io;
    return new Promise((resolve) => {
      this.#giveUp = resolve;
      if (signal.aborted) resolve();
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const ended = [...this.#running].map((worker) => new Promise((resolve) => worker.once("exit", resolve)));
    const message: Message = { quern: "stop" };
    for (const worker of this.#running) {
      // One that does not listen yet has accepted nothing, and might not hear the message.
      if (this.#listening.has(worker)) worker.send(message);
      else worker.process.kill("SIGTERM");
    }
    await Promise.all(ended);
  }
}
