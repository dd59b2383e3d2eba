import type { Kysely } from "kysely";
import { QuernError } from "../../foundation/base/errors.js";
import { groupsOf } from "../../foundation/base/groups.js";
import type { RunStore, Trial, TrialLease, TrialPoint } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";
import { fromJson, toJson } from "./documents.js";
import { HEARTBEAT_MS, isAlive, LEASE_MS } from "./liveness.js";
import type { Tables } from "./tables.js";

type TrialRow = Tables["trials"];
type Steps = readonly (readonly [step: number, value: number])[];

const POINT = ["number", "trainer", "state", "value", "seconds"] as const;
const UNOWNED = { ownerHost: null, ownerPid: null, leaseExpiresAt: 0 } as const;
/** Rows of one statement; SQLite binds at most 32766 values in one. */
const CHUNK = 500;

// ---- the run's own process -----------------------------------------------------------------------------------

/** Adds or replaces trials; part of the transaction that proves the right to write to the run. */
export async function writeTrials(db: Kysely<Tables>, run: string, trials: readonly Trial[]): Promise<void> {
  const rows = trials.map(({ document, intermediate = [], ...point }): TrialRow => {
    const json = { intermediateJson: toJson(intermediate), documentJson: toJson(document) };
    return { run, ...point, ...json, ...UNOWNED, fence: 0 };
  });
  for (const part of groupsOf(rows, CHUNK)) {
    await db
      .insertInto("trials")
      .values(part)
      .onConflict((conflict) =>
        conflict.columns(["run", "number"]).doUpdateSet((e) => ({
          ...{ trainer: e.ref("excluded.trainer"), state: e.ref("excluded.state") },
          ...{ value: e.ref("excluded.value"), seconds: e.ref("excluded.seconds") },
          intermediateJson: e.ref("excluded.intermediateJson"),
          documentJson: e.ref("excluded.documentJson"),
          ...UNOWNED,
          // Whoever works on it is fenced off.
          fence: e("trials.fence", "+", 1),
        })),
      )
      .execute();
  }
}

/** What the run's own process was working on waits again once that process has ended. */
export async function returnOwnTrials(db: Kysely<Tables>, run: string): Promise<void> {
  await db
    .updateTable("trials")
    .set((e) => ({ state: "waiting", fence: e("fence", "+", 1) }))
    .where("state", "=", "running")
    .where("run", "=", run)
    .where("ownerHost", "is", null)
    .execute();
}

// ---- reading -------------------------------------------------------------------------------------------------

export async function readTrials(
  db: Kysely<Tables>,
  run: string,
  { from = 0, limit }: { readonly from?: number; readonly limit?: number },
): Promise<readonly Trial[]> {
  let query = db
    .selectFrom("trials")
    .select([...POINT, "intermediateJson", "documentJson"])
    .where("run", "=", run)
    .where("number", ">=", from)
    .orderBy("number");
  if (limit !== undefined) query = query.limit(limit);
  return (await query.execute()).map((row) => toTrial(run, row));
}

export async function readCurve(db: Kysely<Tables>, run: string): Promise<readonly TrialPoint[]> {
  return db.selectFrom("trials").select(POINT).where("run", "=", run).orderBy("number").execute();
}

type StoredTrial = Pick<TrialRow, (typeof POINT)[number] | "intermediateJson" | "documentJson">;

function toTrial(run: string, { intermediateJson, documentJson, ...point }: StoredTrial): Trial {
  const record = `trial ${point.number} of run ${run}`;
  const intermediate = fromJson<Steps>(intermediateJson, record);
  return {
    ...point,
    ...(intermediate.length > 0 ? { intermediate } : {}),
    document: fromJson(documentJson, record),
  };
}

// ---- processes that claim trials -----------------------------------------------------------------------------

export interface OpenTrials {
  readonly claim: RunStore["claimTrials"];
  /** Ends the heartbeat; what is claimed will be seen as abandoned. */
  stop(): void;
}

/** One heartbeat for all that this process has claimed, and none while it has nothing. */
export function openTrials(backend: Backend): OpenTrials {
  const claims = new Set<ClaimedTrial>();
  let heartbeat: NodeJS.Timeout | undefined;
  const stop = (): void => {
    clearInterval(heartbeat);
    heartbeat = undefined;
  };
  const ended = (claim: ClaimedTrial): void => {
    claims.delete(claim);
    if (claims.size === 0) stop();
  };
  // A heartbeat that fails is not yet a loss: the next write tells.
  const renew = (): Promise<void> =>
    backend.progress
      .transaction()
      .execute(async (transaction) => {
        for (const claim of claims) await claim.renew(transaction);
      })
      .catch(() => undefined);
  return {
    stop,
    async claim(run, limit) {
      const taken = await claimRows(backend, run, limit);
      const leases = taken.map((row) => new ClaimedTrial(backend, run, row, ended));
      for (const lease of leases) claims.add(lease);
      if (claims.size > 0) heartbeat ??= setInterval(() => void renew(), HEARTBEAT_MS).unref();
      return leases;
    },
  };
}

async function claimRows(
  backend: Backend,
  run: string,
  limit: number,
): Promise<(StoredTrial & { fence: number })[]> {
  const { db, clock, owner } = backend;
  const dead = await deadTrials(backend, run);
  if (dead.length > 0) await settleDeadTrials(backend, dead);
  return db.transaction().execute(async (transaction) => {
    const study = await transaction
      .selectFrom("runs")
      .select("state")
      .where("id", "=", run)
      .executeTakeFirst();
    if (!study) {
      const message = `There is no run ${JSON.stringify(run)}.`;
      throw new QuernError("RUN_NOT_FOUND", message, { details: { run } });
    }
    if (study.state !== "running") return [];
    const waiting = await transaction
      .selectFrom("trials")
      .select([...POINT, "intermediateJson", "documentJson", "fence"])
      .where("state", "=", "waiting")
      .where("run", "=", run)
      .orderBy("number")
      .limit(limit)
      .execute();
    const taken = waiting.map((row) => ({ ...row, state: "running" as const, fence: row.fence + 1 }));
    for (const { number, fence } of taken) {
      await transaction
        .updateTable("trials")
        .set({
          ...{ state: "running", fence, ownerHost: owner.host, ownerPid: owner.pid },
          leaseExpiresAt: clock.now() + LEASE_MS,
        })
        .where("run", "=", run)
        .where("number", "=", number)
        .execute();
    }
    return taken;
  });
}

/** Every write carries the fence number of the claim, as the writes of a run do. */
class ClaimedTrial implements TrialLease {
  readonly trial: Trial;
  readonly #backend: Backend;
  readonly #run: string;
  readonly #fence: number;
  readonly #ended: (claim: ClaimedTrial) => void;
  readonly #steps: Map<number, number>;

  constructor(
    backend: Backend,
    run: string,
    { fence, ...row }: StoredTrial & { fence: number },
    ended: (claim: ClaimedTrial) => void,
  ) {
    this.trial = toTrial(run, row);
    this.#backend = backend;
    this.#run = run;
    this.#fence = fence;
    this.#ended = ended;
    this.#steps = new Map(this.trial.intermediate);
  }

  async renew(db: Kysely<Tables>): Promise<void> {
    await this.#update(db, {}).catch(() => undefined);
  }

  async report(step: number, value: number): Promise<void> {
    this.#steps.set(step, value);
    await this.#update(this.#backend.progress, { intermediateJson: toJson([...this.#steps]) });
  }

  async finish({ document, ...outcome }: Parameters<TrialLease["finish"]>[0]): Promise<void> {
    const changes = { ...outcome, ...UNOWNED, documentJson: toJson(document), fence: this.#fence + 1 };
    await this.#update(this.#backend.db, changes);
    this.#ended(this);
  }

  async release(): Promise<void> {
    await this.#update(this.#backend.db, { state: "waiting", ...UNOWNED, fence: this.#fence + 1 });
    this.#ended(this);
  }

  async #update(db: Kysely<Tables>, changes: Partial<TrialRow>): Promise<void> {
    const { numUpdatedRows } = await db
      .updateTable("trials")
      .set({ leaseExpiresAt: this.#backend.clock.now() + LEASE_MS, ...changes })
      .where("run", "=", this.#run)
      .where("number", "=", this.trial.number)
      .where("fence", "=", this.#fence)
      .where("state", "=", "running")
      .executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) return;
    this.#ended(this);
    const message = `Trial ${this.trial.number} of run ${this.#run} is no longer this process's to write.`;
    throw new QuernError("LEASE_LOST", message, {
      details: { run: this.#run, trial: this.trial.number },
    });
  }
}

// ---- processes that died -------------------------------------------------------------------------------------

type DeadTrial = Pick<TrialRow, "run" | "number" | "fence" | "leaseExpiresAt">;

/** Claimed trials whose process is gone. */
export async function deadTrials({ db, owner, clock }: Backend, run?: string): Promise<readonly DeadTrial[]> {
  let query = db
    .selectFrom("trials")
    .select(["run", "number", "fence", "ownerHost", "ownerPid", "leaseExpiresAt"])
    .where("state", "=", "running")
    .where("ownerHost", "is not", null);
  if (run !== undefined) query = query.where("run", "=", run);
  const claimed = await query.execute();
  return claimed.filter(({ ownerHost, ownerPid, leaseExpiresAt }) => {
    const holder = { ownerHost: ownerHost!, ownerPid: ownerPid!, leaseExpiresAt };
    return !isAlive(holder, owner, clock.now());
  });
}

/** They wait for another process. The rising fence refuses whatever their process may still say. */
export async function settleDeadTrials({ db }: Backend, dead: readonly DeadTrial[]): Promise<void> {
  await db.transaction().execute(async (transaction) => {
    for (const { run, number, fence, leaseExpiresAt } of dead) {
      await transaction
        .updateTable("trials")
        .set({ state: "waiting", ...UNOWNED, fence: fence + 1 })
        .where("run", "=", run)
        .where("number", "=", number)
        .where("fence", "=", fence)
        // A renewal since the reading shows life.
        .where("leaseExpiresAt", "=", leaseExpiresAt)
        .execute();
    }
  });
}
