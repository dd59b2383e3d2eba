import { randomBytes } from "node:crypto";
import type { Kysely } from "kysely";
import { QuernError } from "../../foundation/base/errors.js";
import type { NewRun, Run, RunLease, RunStore } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";
import { fromJson, toJson } from "./documents.js";
import { isAlive, LEASE_MS } from "./liveness.js";
import { pageLimit, parsePosition, toPage } from "./paging.js";
import type { OpenLeases } from "./run-lease.js";
import type { Tables } from "./tables.js";
import { type OpenTrials, readCurve, readTrials, returnOwnTrials } from "./trials.js";

const SUMMARY = [
  "id",
  "kind",
  "name",
  "state",
  "seed",
  "dataset",
  "stage",
  "stageDone",
  "stageTotal",
  "metric",
  "value",
  "startedAt",
  "finishedAt",
] as const;

export function createRuns(backend: Backend, leases: OpenLeases, trials: OpenTrials): RunStore {
  const { db } = backend;
  return {
    start: (run) => start(backend, leases, run),
    resume: (id) => resume(backend, leases, id),
    async get(id) {
      await settleDeadRuns(backend);
      return readRun(db, id);
    },
    async list(page = {}) {
      await settleDeadRuns(backend);
      return listRuns(db, page);
    },
    trials: (id, range = {}) => readTrials(db, id, range),
    trialCurve: (id) => readCurve(db, id),
    claimTrials: (id, limit) => trials.claim(id, limit),
  };
}

async function start(backend: Backend, leases: OpenLeases, run: NewRun): Promise<RunLease> {
  const { db, clock, owner } = backend;
  const now = clock.now();
  const id = createRunId(now);
  await db
    .insertInto("runs")
    .values({
      id,
      kind: run.kind,
      name: run.name,
      state: "running",
      seed: run.seed,
      dataset: run.dataset ?? null,
      configJson: toJson(run.config),
      startedAt: now,
      ownerHost: owner.host,
      ownerPid: owner.pid,
      fence: 1,
      leaseExpiresAt: now + LEASE_MS,
    })
    .execute();
  return leases.open(id, 1);
}

/** Sorts by time, can be typed, and does not collide: `20261121-223405-1f9a3c07`. */
function createRunId(now: number): string {
  const time = new Date(now).toISOString().replace(/[-:]/g, "").replace("T", "-").slice(0, 15);
  return `${time}-${randomBytes(4).toString("hex")}`;
}

async function resume(backend: Backend, leases: OpenLeases, id: string): Promise<RunLease> {
  const { db, clock, owner } = backend;
  const fence = await db.transaction().execute(async (transaction) => {
    const row = await transaction.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();
    if (!row) throw notFound(id);
    if (row.state === "done") {
      throw new QuernError("USAGE", `Run ${id} is done; there is nothing to resume.`, {
        details: { run: id },
      });
    }
    if (row.state === "running" && isAlive(row, owner, clock.now())) {
      const holder = `process ${row.ownerPid} on ${row.ownerHost}`;
      throw new QuernError("STORE_BUSY", `Run ${id} is being worked on by ${holder}.`, {
        hint: "Wait for it, or end that process first.",
        details: { run: id, holder },
      });
    }
    const next = row.fence + 1;
    await transaction
      .updateTable("runs")
      .set({
        state: "running",
        fence: next,
        ownerHost: owner.host,
        ownerPid: owner.pid,
        leaseExpiresAt: clock.now() + LEASE_MS,
        finishedAt: null,
        errorJson: null,
      })
      .where("id", "=", id)
      .execute();
    await returnOwnTrials(transaction, id);
    return next;
  });
  return leases.open(id, fence);
}

/** Marks runs whose process is gone. Their fence stays, so a process that was only paused can come back. */
export async function settleDeadRuns({ db, clock, owner }: Backend): Promise<number> {
  const running = await db
    .selectFrom("runs")
    .select(["id", "fence", "ownerHost", "ownerPid", "leaseExpiresAt"])
    .where("state", "=", "running")
    .execute();
  const dead = running.filter((run) => !isAlive(run, owner, clock.now()));
  for (const { id, fence, leaseExpiresAt } of dead) {
    const { numUpdatedRows } = await db
      .updateTable("runs")
      .set({ state: "interrupted", finishedAt: clock.now() })
      .where("id", "=", id)
      .where("fence", "=", fence)
      // A renewal since the reading above shows life.
      .where("leaseExpiresAt", "=", leaseExpiresAt)
      .executeTakeFirstOrThrow();
    if (numUpdatedRows > 0n) await returnOwnTrials(db, id);
  }
  return dead.length;
}

async function readRun(db: Kysely<Tables>, id: string): Promise<Run> {
  const row = await db.selectFrom("runs").selectAll().where("id", "=", id).executeTakeFirst();
  if (!row) throw notFound(id);
  const {
    configJson,
    resultJson,
    errorJson,
    ownerHost,
    ownerPid,
    fence: _,
    leaseExpiresAt: __,
    ...summary
  } = row;
  const record = `run ${id}`;
  return {
    ...summary,
    owner: `${ownerHost}/${ownerPid}`,
    config: fromJson(configJson, record),
    result: resultJson === null ? null : fromJson(resultJson, record),
    error: errorJson === null ? null : fromJson(errorJson, record),
  };
}

async function listRuns(db: Kysely<Tables>, page: Parameters<RunStore["list"]>[0] & object) {
  const limit = pageLimit(page);
  const after = parsePosition(page);
  let query = db.selectFrom("runs").select(SUMMARY);
  if (page.kind !== undefined) query = query.where("kind", "=", page.kind);
  if (page.name !== undefined) query = query.where("name", "=", page.name);
  if (page.state !== undefined) query = query.where("state", "=", page.state);
  if (after) {
    query = query.where((e) =>
      e.or([
        e("startedAt", "<", after.time),
        e.and([e("startedAt", "=", after.time), e("id", "<", after.id)]),
      ]),
    );
  }
  const rows = await query
    .orderBy("startedAt", "desc")
    .orderBy("id", "desc")
    .limit(limit + 1)
    .execute();
  return toPage(rows, limit, ({ startedAt, id }) => ({ time: startedAt, id }));
}

function notFound(id: string): QuernError {
  return new QuernError("RUN_NOT_FOUND", `There is no run ${JSON.stringify(id)}.`, { details: { run: id } });
}
