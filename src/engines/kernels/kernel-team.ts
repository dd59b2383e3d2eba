import { readFile } from "node:fs/promises";
import { Worker } from "node:worker_threads";
import { builtFile } from "../../foundation/base/module-file.js";
import { KernelMemory } from "./kernel-memory.js";

/** Values of a kernel's settings (WebAssembly globals) by name. */
export type KernelSettings = Readonly<Record<string, number>>;

export interface KernelCall {
  readonly name: string;
  readonly settings: KernelSettings;
}
export interface KernelWorkerData {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly index: number;
}
export type KernelReply =
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string }
  | { readonly kind: "report"; readonly iteration: number; readonly loss: number }
  | { readonly kind: "data"; readonly item: number; readonly part: number; readonly bytes: Uint8Array };

/** What a running kernel tells; see assembly/host.ts. */
export interface KernelListener {
  report?(iteration: number, loss: number): void;
  publish?(item: number, part: number, bytes: Uint8Array): void;
}

/** Teams whose memory has grown beyond this are not kept: shared memory never shrinks. */
const KEPT_BYTES = 256 * 2 ** 20;

const modules = new Map<string, Promise<WebAssembly.Module>>();
const idleTeams = new Map<string, KernelTeam[]>();

function loadModule(kernel: string): Promise<WebAssembly.Module> {
  let module = modules.get(kernel);
  if (!module) {
    module = readFile(builtFile(`engines/kernels/${kernel}.wasm`)).then((bytes) =>
      WebAssembly.compile(bytes),
    );
    modules.set(kernel, module);
  }
  return module;
}

/**
 * Worker threads with one WebAssembly module over one shared memory. A call runs in all of them at once; the
 * calling thread only waits for messages. Idle teams are kept for the next job, since starting one costs more
 * than training a small model; they do not keep the process alive.
 */
export class KernelTeam {
  readonly memory = new KernelMemory();
  readonly threads: number;
  readonly #kernel: string;
  #workers: Worker[] = [];
  #broken = false;

  private constructor(kernel: string, threads: number) {
    this.#kernel = kernel;
    this.threads = threads;
  }

  /** `kernel` is the name of an `assembly/<kernel>.entry.ts`. Give the team back with `release`. */
  static async acquire(kernel: string, threads: number): Promise<KernelTeam> {
    const idle = idleTeams.get(`${kernel}/${threads}`)?.pop();
    if (idle) {
      idle.memory.reset();
      return idle;
    }
    const team = new KernelTeam(kernel, threads);
    await team.#start(await loadModule(kernel));
    return team;
  }

  async #start(module: WebAssembly.Module): Promise<void> {
    const file = builtFile("engines/kernels/kernel.worker.js");
    for (let index = 0; index < this.threads; index++) {
      const workerData: KernelWorkerData = { module, memory: this.memory.memory, index };
      this.#workers.push(new Worker(file, { workerData }));
    }
    await this.#settle();
  }

  /** Runs an exported function in every worker with the worker's number as its argument. */
  async run(name: string, settings: KernelSettings, listener?: KernelListener): Promise<void> {
    const done = this.#settle(listener);
    const call: KernelCall = { name, settings };
    for (const worker of this.#workers) worker.postMessage(call);
    await done;
  }

  /**
   * `run`, ended early by the signals: the kernel watches the int32 at `stopAddress`.
   * @throws the reason of `signal` when that is aborted; after `wrapUp` what the kernel has is its result
   */
  async runUntil(
    { signal, wrapUp }: { readonly signal: AbortSignal; readonly wrapUp?: AbortSignal | undefined },
    stopAddress: number,
    name: string,
    settings: KernelSettings,
    listener?: KernelListener,
  ): Promise<void> {
    signal.throwIfAborted();
    const stop = this.memory.int32(stopAddress, 1);
    const onAbort = () => Atomics.store(stop, 0, 1);
    const signals = [signal, ...(wrapUp ? [wrapUp] : [])];
    for (const one of signals) one.addEventListener("abort", onAbort, { once: true });
    if (wrapUp?.aborted) onAbort();
    try {
      await this.run(name, settings, listener);
    } finally {
      for (const one of signals) one.removeEventListener("abort", onAbort);
    }
    signal.throwIfAborted();
  }

  /** Resolves when every worker has replied; on a failure ends them all, as the others may wait for ever. */
  async #settle(listener?: KernelListener): Promise<void> {
    try {
      await Promise.all(this.#workers.map((worker) => nextReply(worker, listener)));
    } catch (error) {
      this.#broken = true;
      await this.#terminate();
      throw error;
    }
  }

  /** Returns the team to the idle ones, or ends it when it is broken or holds much memory. */
  async release(): Promise<void> {
    if (this.#broken) return;
    if (this.memory.bytes > KEPT_BYTES) {
      await this.#terminate();
      return;
    }
    const key = `${this.#kernel}/${this.threads}`;
    const teams = idleTeams.get(key) ?? [];
    idleTeams.set(key, teams);
    teams.push(this);
  }

  async #terminate(): Promise<void> {
    const workers = this.#workers;
    this.#workers = [];
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

/** The worker keeps the process alive only while a reply is awaited. */
function nextReply(worker: Worker, listener?: KernelListener): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: Error) => {
      worker.off("message", onMessage).off("error", finish).off("exit", onExit).unref();
      if (error) reject(error);
      else resolve();
    };
    const onMessage = (reply: KernelReply) => {
      if (reply.kind === "report") listener?.report?.(reply.iteration, reply.loss);
      else if (reply.kind === "data") listener?.publish?.(reply.item, reply.part, reply.bytes);
      else finish(reply.kind === "failed" ? new Error(`A kernel failed: ${reply.message}`) : undefined);
    };
    const onExit = (code: number) => finish(new Error(`A kernel worker ended with code ${code}.`));
    worker.on("message", onMessage).on("error", finish).on("exit", onExit).ref();
  });
}
