import { setMaxListeners } from "node:events";
import { freemem } from "node:os";
import type { TransformMap } from "../../capabilities/features/index.js";
import { findStep, recordStep, stepKey } from "../../capabilities/stores/index.js";
import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { ProgressEvent } from "../../foundation/contracts/extension.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { throwIfAborted } from "../context.js";
import type { ComputedFit, FitExecutor, FitOutcome, FitTask, FittedModel, FitWork } from "./fit-messages.js";
import { FitProcess, FitProcessDeath } from "./fit-process.js";
import { computeFit, fitIdentity, MaterialCache, trainerOf } from "./fit-step.js";

export interface PooledFit {
  readonly outcome: FitOutcome;
  /** Names the stored bytes of the outcome. */
  readonly hash: Sha256;
  /** Nothing had to be fitted. */
  readonly hit: boolean;
}

/** Seconds that a fit may take, asked when it starts: how long it waited for its turn does not count. */
export type FitLimit = () => number;

/**
 * Fits models, several side by side where that pays. A fit is a cached step: its stored bytes are the same for
 * every pool, any number of slots and any order of completion.
 */
export interface FitPool {
  /** Fits under way at the same time; further ones wait in the order of their calls. */
  readonly slots: number;
  /**
   * @param limit after it a trainer that is `anytime` ends with what it has; others go on
   * @throws QuernError what the trainer throws, INTERRUPTED, OUT_OF_MEMORY when its process died twice
   */
  fit(task: FitTask, signal: AbortSignal, limit?: FitLimit): Promise<PooledFit>;
  /** Ends the pool's processes; resolves when they are gone. Fits that wait are refused. */
  close(): Promise<void>;
}

export interface FitPoolOptions {
  readonly store: Pick<Store, "blobs" | "steps">;
  readonly work: FitWork;
  readonly executor: FitExecutor;
  /** All there are, the project's own included. */
  readonly trainers: readonly Trainer[];
  readonly transforms: TransformMap;
  readonly clock: Clock;
  readonly logger: Logger;
  /** May be called often: whoever shows it decides how often. */
  readonly onProgress?: (task: FitTask, event: ProgressEvent) => void;
}

/** The recorded outcome of a fit, or a new one. */
async function cachedFit(
  { store, trainers, executor, work }: FitPoolOptions,
  task: FitTask,
  compute: () => Promise<ComputedFit>,
): Promise<PooledFit> {
  const identityOf = (asked: FitTask) => fitIdentity(asked, trainerOf(asked, trainers), executor, work);
  const known = await findStep<FittedModel>(store, stepKey(identityOf(task)));
  const record = async () => {
    const { output, seconds, endedAfter } = await compute();
    const identity = identityOf(endedAfter === undefined ? task : { ...task, maxIterations: endedAfter });
    const step = { key: stepKey(identity), step: identity.id, output, references: [], seconds };
    return recordStep<FittedModel>(store, step);
  };
  const { value, seconds, hash, hit } = known ?? (await record());
  return { outcome: { ...value, seconds }, hash, hit };
}

// ---- in this process -----------------------------------------------------------------------------------------

/** One fit after the other in this process, each with all threads: for large data, or one thread. */
export function createInlinePool(options: FitPoolOptions & { readonly threads: number }): FitPool {
  const { store, clock, logger, threads, onProgress } = options;
  const workshop = { ...options, blobs: store.blobs, materials: new MaterialCache(store.blobs) };
  let turn: Promise<unknown> = Promise.resolve();

  return {
    slots: 1,
    fit(task, signal, limit) {
      const mine = turn.then(() => {
        throwIfAborted(signal);
        const report = (event: ProgressEvent) => onProgress?.(task, event);
        return cachedFit(options, task, () =>
          computeFit(task, workshop, { signal, clock, logger, threads, report, limitSeconds: limit?.() }),
        );
      });
      turn = mine.catch(() => undefined);
      return mine;
    },
    async close() {
      await turn;
    },
  };
}

// ---- in child processes --------------------------------------------------------------------------------------

export interface ProcessPoolOptions extends FitPoolOptions {
  /** Processes, each with one thread. */
  readonly slots: number;
  /** The script that calls `serveFits` with the same executor: a built file. */
  readonly script: URL;
  /** Memory that all processes may use together; default 80 % of what is free now. */
  readonly memoryBytes?: number;
  /** An aborted fit gets this long to stop before its process is killed; a process holds nothing to save. */
  readonly graceMs?: number;
  /** A fit that shows no sign of life for this long is ended. */
  readonly silenceMs?: number;
}

const GRACE_MS = 2_000;
const SILENCE_MS = 10 * 60_000;
const SMALLEST_HEAP_MEBIBYTES = 256;
/** A process that dies may be the victim of another's memory: its fit gets one fresh process more. */
const ATTEMPTS = 2;

interface AskedFit {
  readonly task: FitTask;
  readonly signal: AbortSignal;
  readonly limit: FitLimit | undefined;
}

interface Job extends AskedFit {
  attempts: number;
  resolve(fit: ComputedFit): void;
  reject(failure: unknown): void;
}

/** Up to `slots` fits side by side, each in a child process with one thread. Processes start with the first misses. */
export function createProcessPool(options: ProcessPoolOptions): FitPool {
  return new ProcessPool(options);
}

class ProcessPool implements FitPool {
  readonly slots: number;
  readonly #options: ProcessPoolOptions;
  readonly #heapMebibytes: number;
  readonly #processes = new Set<FitProcess>();
  readonly #idle: FitProcess[] = [];
  readonly #queue: Job[] = [];
  #closed = false;

  constructor(options: ProcessPoolOptions) {
    this.#options = options;
    this.slots = options.slots;
    const bytes = options.memoryBytes ?? 0.8 * availableMemoryBytes();
    this.#heapMebibytes = Math.max(SMALLEST_HEAP_MEBIBYTES, Math.floor(bytes / options.slots / 2 ** 20));
  }

  async fit(task: FitTask, signal: AbortSignal, limit?: FitLimit): Promise<PooledFit> {
    throwIfAborted(signal);
    // One signal for thousands of waiting fits is no leak: each takes its listener away when it ends.
    setMaxListeners(0, signal);
    return cachedFit(this.#options, task, () => this.#compute({ task, signal, limit }));
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const job of this.#queue.splice(0)) job.reject(closed());
    await Promise.all([...this.#processes].map((process) => process.close()));
  }

  /** The fit in a process of its turn. After an abort the caller waits no longer, whatever the process does. */
  #compute(asked: AskedFit): Promise<ComputedFit> {
    const { signal } = asked;
    return new Promise((resolve, reject) => {
      const job: Job = { ...asked, attempts: 0, resolve: settle(resolve), reject: settle(reject) };
      const onAbort = (): void => {
        const place = this.#queue.indexOf(job);
        if (place >= 0) this.#queue.splice(place, 1);
        job.reject(interrupted(signal));
      };
      function settle<T>(finish: (value: T) => void): (value: T) => void {
        return (value) => {
          signal.removeEventListener("abort", onAbort);
          finish(value);
        };
      }
      signal.addEventListener("abort", onAbort, { once: true });
      if (signal.aborted) return onAbort();
      if (this.#closed) return job.reject(closed());
      this.#queue.push(job);
      this.#dispatch();
    });
  }

  #dispatch(): void {
    while (this.#queue.length > 0) {
      const process = this.#idle.pop() ?? this.#start();
      if (!process) return;
      void this.#runIn(process, this.#queue.shift()!);
    }
  }

  #start(): FitProcess | undefined {
    if (this.#processes.size >= this.slots) return undefined;
    const { script, work, graceMs = GRACE_MS, silenceMs = SILENCE_MS } = this.#options;
    const heapMebibytes = this.#heapMebibytes;
    const process = new FitProcess({ script, work, graceMs, silenceMs, heapMebibytes });
    this.#processes.add(process);
    return process;
  }

  async #runIn(process: FitProcess, job: Job): Promise<void> {
    const { task, signal, limit } = job;
    const { logger, onProgress } = this.#options;
    job.attempts++;
    try {
      job.resolve(
        await process.run(task, {
          signal,
          limitSeconds: limit?.(),
          onReply(reply) {
            if (reply.kind === "progress") return onProgress?.(task, reply.event);
            const { level, message, fields } = reply;
            logger.log(level, message, { trainer: task.trainer, fold: task.fold, ...fields });
          },
        }),
      );
    } catch (failure) {
      const died = failure instanceof FitProcessDeath;
      if (died && job.attempts < ATTEMPTS && !signal.aborted && !this.#closed) {
        logger.log("warn", `${failure.message} The fit starts again.`, { trainer: task.trainer });
        this.#queue.unshift(job);
      } else job.reject(this.#closed ? closed() : died ? deathOf(task, failure) : failure);
    }
    if (process.alive) this.#idle.push(process);
    else this.#processes.delete(process);
    this.#dispatch();
  }
}

const interrupted = (signal: AbortSignal): unknown =>
  QuernError.is(signal.reason)
    ? signal.reason
    : new QuernError("INTERRUPTED", "The fit was interrupted.", { cause: signal.reason });

const closed = (): QuernError => new QuernError("INTERRUPTED", "The pool of fits was closed.");

function deathOf({ trainer, fold }: FitTask, death: FitProcessDeath): QuernError {
  return new QuernError("OUT_OF_MEMORY", `The fit of ${trainer} failed ${ATTEMPTS} times. ${death.message}`, {
    details: { trainer, fold },
    hint: "The usual reason is memory: use fewer rows or columns, fewer threads, or a machine with more memory.",
    cause: death,
  });
}

// ---- which of them -------------------------------------------------------------------------------------------

/** A process with Node, the trainers and a heap that has been used. */
const PROCESS_BYTES = 150 * 2 ** 20;
/** The material itself, the rows of a fold taken out of it, and what a trainer makes of them. */
const COPIES = 4;
const USABLE_SHARE = 0.5;

/**
 * How many fits may run side by side: as many as there are threads, fewer where their copies of the material
 * would fill the memory. 1 means: in this process, with all threads.
 */
export function fitSlots(sizes: {
  readonly threads: number;
  readonly materialBytes: number;
  readonly availableBytes?: number;
}): number {
  const { threads, materialBytes, availableBytes = availableMemoryBytes() } = sizes;
  const affordable = Math.floor((USABLE_SHARE * availableBytes) / (PROCESS_BYTES + COPIES * materialBytes));
  return Math.max(1, Math.min(threads, affordable));
}

/** Free memory of this process's container or machine, in bytes. */
export function availableMemoryBytes(): number {
  // Node 20.13 and later know the limits of a container.
  return process.availableMemory?.() ?? freemem();
}
