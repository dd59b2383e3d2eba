import type { Kysely } from "kysely";
import { QuernError } from "../../foundation/base/errors.js";
import type { RunLease } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";
import { toJson } from "./documents.js";
import { HEARTBEAT_MS, LEASE_MS } from "./liveness.js";
import type { Tables } from "./tables.js";
import { returnOwnTrials, writeTrials } from "./trials.js";

const REPORT_INTERVAL_MS = 250;

type RunChanges = Partial<Omit<Tables["runs"], "id" | "fence">>;

export interface OpenLeases {
  /** Ends every heartbeat; the runs stay as they are and will be seen as interrupted. */
  stopAll(): void;
  open(id: string, fence: number): RunLease;
}

export function createLeases(backend: Backend): OpenLeases {
  const heartbeats = new Set<NodeJS.Timeout>();
  const stop = (heartbeat: NodeJS.Timeout): void => {
    clearInterval(heartbeat);
    heartbeats.delete(heartbeat);
  };
  return {
    stopAll: () => heartbeats.forEach(stop),
    open(id, fence) {
      const lease = new FencedLease(backend, id, fence, () => stop(heartbeat));
      const heartbeat = setInterval(() => void lease.renew(), HEARTBEAT_MS);
      heartbeat.unref();
      heartbeats.add(heartbeat);
      return lease;
    },
  };
}

/**
 * Every write carries the fence number that the lease was given. A take-over raises the number, so a process
 * that was only paused is refused and cannot mix its results into those of its successor.
 */
class FencedLease implements RunLease {
  readonly id: string;
  readonly #backend: Backend;
  readonly #fence: number;
  readonly #stop: () => void;
  #lastReport = Number.NEGATIVE_INFINITY;
  #lastStage: string | undefined;
  /** From the moment the outcome is being written, nothing may bring the run back to life. */
  #closed = false;

  constructor(backend: Backend, id: string, fence: number, stop: () => void) {
    this.#backend = backend;
    this.id = id;
    this.#fence = fence;
    this.#stop = stop;
  }

  /** A heartbeat that fails is not yet a loss: the next write tells. */
  async renew(): Promise<void> {
    if (this.#closed) return;
    await this.#update(this.#backend.progress, {}).catch(() => undefined);
  }

  async report({ stage, done, total }: Parameters<RunLease["report"]>[0]): Promise<void> {
    const now = this.#backend.clock.elapsed();
    if (stage === this.#lastStage && now - this.#lastReport < REPORT_INTERVAL_MS) return;
    this.#lastReport = now;
    this.#lastStage = stage;
    await this.#write(this.#backend.progress, { stage, stageDone: done, stageTotal: total });
  }

  async addTrials(trials: Parameters<RunLease["addTrials"]>[0]): Promise<void> {
    await this.#backend.progress.transaction().execute(async (transaction) => {
      await this.#write(transaction, {});
      await writeTrials(transaction, this.id, trials);
    });
  }

  async finish(result: object, headline?: { metric: string; value: number }): Promise<void> {
    await this.#close({ state: "done", resultJson: toJson(result), ...headline });
  }
  async fail(error: object): Promise<void> {
    await this.#close({ state: "failed", errorJson: toJson(error) });
  }
  async interrupt(): Promise<void> {
    await this.#close({ state: "interrupted" });
  }

  async #close(changes: RunChanges): Promise<void> {
    if (this.#closed) throw this.#lost();
    const { db, clock } = this.#backend;
    const outcome = db.transaction().execute(async (transaction) => {
      await this.#update(transaction, { ...changes, finishedAt: clock.now() });
      await returnOwnTrials(transaction, this.id);
    });
    this.#closed = true;
    try {
      await outcome;
    } catch (cause) {
      // A full disk, say: the run is still this process's to end.
      this.#closed = false;
      throw cause;
    }
    this.#stop();
  }

  async #write(db: Kysely<Tables>, changes: RunChanges): Promise<void> {
    if (this.#closed) throw this.#lost();
    await this.#update(db, changes);
  }

  async #update(db: Kysely<Tables>, changes: RunChanges): Promise<void> {
    const { numUpdatedRows } = await db
      .updateTable("runs")
      // A run that was taken for dead while its process was only paused comes back to life here.
      .set({
        state: "running",
        finishedAt: null,
        leaseExpiresAt: this.#backend.clock.now() + LEASE_MS,
        ...changes,
      })
      .where("id", "=", this.id)
      .where("fence", "=", this.#fence)
      .where("state", "in", ["running", "interrupted"])
      .executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) return;
    this.#stop();
    throw this.#lost();
  }

  #lost(): QuernError {
    return new QuernError("LEASE_LOST", `Run ${this.id} is no longer this process's to write.`, {
      details: { run: this.id },
    });
  }
}
