import type { Clock } from "../../foundation/base/clock.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { RunOptions } from "../../foundation/contracts/bundle-predictor.js";
import { beingTakenDown } from "./admission.js";
import { concatenateRows, rowsOf, type Tensors } from "./tensor-batch.js";

export interface BatcherOptions {
  readonly clock: Clock;
  /** Rows in one batch, unless a single request has more. */
  readonly maximumBatchRows: number;
  /** Computes one batch; owns the arrays it is given. */
  readonly run: (inputs: Tensors, outputs: readonly string[]) => Promise<Tensors>;
  readonly onBatch: (rows: number, seconds: number) => void;
  readonly onRefused: (reason: "deadline" | "cancelled") => void;
}

export interface DirectRun {
  /** What arrives in one turn is computed this way where it has at most so many rows. */
  readonly rows: number;
  /**
   * Whether a row costs less this way than its share of a full batch: then each request of at most `rows` rows is
   * answered at once, whatever else arrives.
   */
  readonly isCheapestUnderLoad: boolean;
  run(inputs: Tensors, outputs: readonly string[]): Tensors;
}

interface Waiting extends RunOptions {
  readonly inputs: Tensors;
  readonly outputs: readonly string[];
  readonly rows: number;
  /** When it came; only of requests that are traced. */
  readonly sinceMs: number;
  resolve(outputs: Tensors): void;
  reject(cause: unknown): void;
}

/** One batch computed, one on its way: the thread never waits for the next. */
const BATCHES_UNDER_WAY = 2;
const SWEEP_MS = 50;

/**
 * Joins requests into batches. It never waits for company: a batch leaves when this turn of the event loop has
 * read what has arrived, so a lone request is not delayed, and under load batches fill while others compute.
 */
export class Batcher {
  readonly #options: BatcherOptions;
  /** Computes on this thread, without handing over, what is small enough. */
  direct: DirectRun | undefined;
  #queue: Waiting[] = [];
  #waitingRows = 0;
  #computingRows = 0;
  #underWay = 0;
  #scheduled = false;
  #sweep: NodeJS.Timeout | undefined;
  #secondsPerRow = 0.001;
  #idle: (() => void)[] = [];
  #closed = false;

  constructor(options: BatcherOptions) {
    this.#options = options;
  }

  get busyRows(): number {
    return this.#waitingRows + this.#computingRows;
  }
  /** Of late, with all that a batch takes. */
  get secondsPerRow(): number {
    return this.#secondsPerRow;
  }

  submit(
    inputs: Tensors,
    outputs: readonly string[],
    rows: number,
    options: RunOptions = {},
  ): Promise<Tensors> {
    if (this.#closed) return Promise.reject(beingTakenDown());
    const { direct } = this;
    if (direct?.isCheapestUnderLoad && rows <= direct.rows) {
      return attempt(() => this.compute(rows, options, () => direct.run(inputs, outputs)));
    }
    return new Promise((resolve, reject) => {
      const sinceMs = options.onPhase ? this.#options.clock.elapsed() : 0;
      this.#queue.push({ ...options, inputs, outputs, rows, sinceMs, resolve, reject });
      this.#waitingRows += rows;
      this.#schedule();
    });
  }

  /**
   * Work that is done at once, on this thread: guarded and counted like any other.
   * @throws QuernError OVERLOADED, INTERRUPTED, DEADLINE_EXCEEDED
   */
  compute<T>(rows: number, options: RunOptions, work: () => T): T {
    if (this.#closed) throw beingTakenDown();
    const { clock, onBatch } = this.#options;
    const start = clock.elapsed();
    const refusal = this.#refusal(options, start);
    if (refusal) throw refusal;
    const result = work();
    const end = clock.elapsed();
    onBatch(rows, (end - start) / 1000);
    options.onPhase?.("batch", start, end, rows);
    return result;
  }

  /** Refuses new requests; resolves when none is left. After `timeoutMs` those still waiting are refused. */
  async drain(timeoutMs: number): Promise<void> {
    this.#closed = true;
    if (this.busyRows === 0 && this.#underWay === 0) return;
    const timer = setTimeout(() => this.#refuseAll(), timeoutMs);
    await new Promise<void>((resolve) => this.#idle.push(resolve));
    clearTimeout(timer);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    if (this.#underWay >= BATCHES_UNDER_WAY) {
      this.#watch();
      return;
    }
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  #flush(): void {
    const { direct } = this;
    if (direct && this.#waitingRows > 0 && this.#waitingRows <= direct.rows) this.#answerDirectly(direct);
    while (this.#underWay < BATCHES_UNDER_WAY) {
      const batch = this.#take();
      if (batch.length === 0) break;
      void this.#compute(batch);
    }
    if (this.#queue.length > 0) this.#watch();
    if (this.#underWay === 0 && this.#queue.length === 0) for (const done of this.#idle.splice(0)) done();
  }

  /** Few rows: computing them here takes less time than handing them over. */
  #answerDirectly(direct: DirectRun): void {
    for (const waiting of this.#queue.splice(0)) {
      this.#waitingRows -= waiting.rows;
      const { inputs, outputs, rows, resolve, reject } = waiting;
      waiting.onPhase?.("queue", waiting.sinceMs, this.#options.clock.elapsed(), rows);
      attempt(() => this.compute(rows, waiting, () => direct.run(inputs, outputs))).then(resolve, reject);
    }
  }

  /** While the thread is busy, requests whose time runs out are answered without waiting for their turn. */
  #watch(): void {
    this.#sweep ??= setTimeout(() => this.#sweepExpired(), SWEEP_MS);
  }

  #sweepExpired(): void {
    this.#sweep = undefined;
    this.#queue = this.#queue.filter((waiting) => !this.#isGone(waiting));
    this.#flush();
  }

  /** The next requests that still have someone waiting for them. */
  #take(): Waiting[] {
    const batch: Waiting[] = [];
    let rows = 0;
    let taken = 0;
    for (const waiting of this.#queue) {
      if (batch.length > 0 && rows + waiting.rows > this.#options.maximumBatchRows) break;
      taken += 1;
      if (this.#isGone(waiting)) continue;
      batch.push(waiting);
      rows += waiting.rows;
    }
    this.#queue.splice(0, taken);
    this.#waitingRows -= rows;
    return batch;
  }

  async #compute(batch: readonly Waiting[]): Promise<void> {
    const { clock, onBatch, run } = this.#options;
    const rows = batch.reduce((sum, waiting) => sum + waiting.rows, 0);
    this.#underWay += 1;
    this.#computingRows += rows;
    const start = clock.elapsed();
    let [runStart, runEnd] = [start, start];
    try {
      const inputs = joinInputs(batch);
      runStart = clock.elapsed();
      const results = await run(inputs, joinOutputs(batch));
      runEnd = clock.elapsed();
      const seconds = (runEnd - start) / 1000;
      // Without a row nothing is learned of what one takes.
      if (rows > 0) this.#secondsPerRow += (seconds / rows - this.#secondsPerRow) / 16;
      onBatch(rows, seconds);
      distribute(batch, results);
    } catch (cause) {
      for (const waiting of batch) waiting.reject(cause);
    } finally {
      const end = clock.elapsed();
      for (const { onPhase, sinceMs } of batch) {
        onPhase?.("queue", sinceMs, start, rows);
        onPhase?.("run", runStart, Math.max(runStart, runEnd), rows);
        onPhase?.("batch", start, end, rows);
      }
      this.#underWay -= 1;
      this.#computingRows -= rows;
      this.#flush();
    }
  }

  /** Settles a request that nobody waits for any more. */
  #isGone(waiting: Waiting): boolean {
    const refusal = this.#refusal(waiting, this.#options.clock.elapsed());
    if (!refusal) return false;
    this.#waitingRows -= waiting.rows;
    waiting.reject(refusal);
    return true;
  }

  /** Why a request is not worth computing any more, counted. */
  #refusal({ signal, deadlineMs }: RunOptions, nowMs: number): QuernError | undefined {
    if (signal?.aborted) {
      this.#options.onRefused("cancelled");
      return new QuernError("INTERRUPTED", "The caller went away.", { hint: "Nothing was computed." });
    }
    if (deadlineMs === undefined || deadlineMs >= nowMs) return undefined;
    this.#options.onRefused("deadline");
    return new QuernError("DEADLINE_EXCEEDED", "The time for this request ran out before it was computed.");
  }

  #refuseAll(): void {
    for (const waiting of this.#queue.splice(0)) waiting.reject(beingTakenDown());
    this.#waitingRows = 0;
    this.#flush();
  }
}

/** What is thrown becomes a rejection. */
async function attempt<T>(work: () => T): Promise<T> {
  return work();
}

function joinInputs(batch: readonly Waiting[]): Tensors {
  const joined: Record<string, Tensors[string]> = Object.create(null);
  for (const name of Object.keys(batch[0]!.inputs)) {
    joined[name] = concatenateRows(batch.map((waiting) => waiting.inputs[name]!));
  }
  return joined;
}

function joinOutputs(batch: readonly Waiting[]): readonly string[] {
  const first = batch[0]!.outputs;
  if (batch.every((waiting) => waiting.outputs === first)) return first;
  return [...new Set(batch.flatMap((waiting) => waiting.outputs))];
}

function distribute(batch: readonly Waiting[], results: Tensors): void {
  let row = 0;
  for (const { outputs, rows, resolve } of batch) {
    const own: Record<string, Tensors[string]> = Object.create(null);
    for (const name of outputs) own[name] = rowsOf(results[name]!, row, row + rows);
    row += rows;
    resolve(own);
  }
}
