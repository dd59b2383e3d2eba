import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { sql } from "kysely";
import type { StoreCheck } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";
import { BUNDLES, holdsExactly } from "./bundle-folders.js";
import { isAlive } from "./liveness.js";
import { appliedSchema } from "./migrations.js";
import { settleDeadRuns } from "./runs.js";
import { deadTrials, settleDeadTrials } from "./trials.js";

const DAY_MS = 86_400_000;
/** Names are listed up to here; the count is always whole. */
const SHOWN = 5;

interface Trouble {
  /** What is wrong; empty when all is well. */
  readonly found: readonly string[];
  readonly well: string;
  readonly ill: string;
  /** What `mend` does, in words. Absent: nothing that a machine may do. */
  readonly repair?: string;
  readonly mend?: () => Promise<void>;
}

type Check = readonly [id: string, look: (backend: Backend) => Promise<Trouble>];

const CHECKS: readonly Check[] = [
  ["schema", checkSchema],
  ["database", checkIntegrity],
  ["steps", checkSteps],
  ["blobs", checkBlobs],
  ["unreferenced-blobs", checkUnreferenced],
  ["temporary-files", checkTemporaryFiles],
  ["bundle-folders", checkBundleFolders],
  ["runs", checkRuns],
  ["trials", checkTrials],
];

/** One result a check; with `repair`, each is mended where that loses nothing. */
export async function checkStore(backend: Backend, repair: boolean): Promise<readonly StoreCheck[]> {
  const results: StoreCheck[] = [];
  for (const [id, look] of CHECKS) {
    try {
      results.push(await report(id, await look(backend), repair));
    } catch (cause) {
      results.push({ id, ok: false, message: `The check could not be made: ${String(cause)}` });
    }
  }
  return results;
}

async function report(id: string, trouble: Trouble, repair: boolean): Promise<StoreCheck> {
  const { found, well, ill, mend } = trouble;
  if (found.length === 0) return { id, ok: true, message: well };
  const more = found.length > SHOWN ? ", …" : "";
  const message = `${found.length} ${ill}: ${found.slice(0, SHOWN).join(", ")}${more}.`;
  if (!mend) return { id, ok: false, message };
  if (repair) await mend();
  return { id, ok: repair, message, repair: trouble.repair!, repaired: repair };
}

async function checkSchema({ db }: Backend): Promise<Trouble> {
  const schema = await appliedSchema(db);
  return { found: [], well: `Schema ${schema} is current.`, ill: "" };
}

async function checkIntegrity({ db }: Backend): Promise<Trouble> {
  const integrity = await sql<{ integrityCheck: string }>`pragma integrity_check`.execute(db);
  const links = await sql<{ table: string }>`pragma foreign_key_check`.execute(db);
  const found = [
    ...integrity.rows.map((row) => row.integrityCheck).filter((line) => line !== "ok"),
    ...links.rows.map((row) => `a row of ${row.table} points to a row that is gone`),
  ];
  return { found, well: "SQLite finds its file whole.", ill: "faults in the database" };
}

/** Cached work can be done again, so a damaged output costs time only. */
async function checkSteps({ db, blobs }: Backend): Promise<Trouble> {
  const uses = await db
    .selectFrom("blobUses")
    .select(["ownerId", "hash"])
    .where("ownerKind", "=", "step")
    .execute();
  const bad = new Set<string>();
  for (const { ownerId, hash } of uses) {
    if (!bad.has(ownerId) && (await blobs.verify(hash)) !== "ok") bad.add(ownerId);
  }
  const keys = [...bad];
  return {
    found: keys,
    well: "The output of every cached step verifies.",
    ill: "cached steps lost their output",
    repair: "Forget these steps; they run again when needed.",
    mend: () =>
      db.transaction().execute(async (transaction) => {
        for (const key of keys) {
          await transaction.deleteFrom("steps").where("key", "=", key).execute();
          const uses = transaction.deleteFrom("blobUses").where("ownerKind", "=", "step");
          await uses.where("ownerId", "=", key).execute();
        }
      }),
  };
}

async function checkBlobs({ db, blobs }: Backend): Promise<Trouble> {
  const uses = await db
    .selectFrom("blobUses")
    .selectAll()
    .where("ownerKind", "!=", "step")
    .orderBy("hash")
    .execute();
  const found: string[] = [];
  let last = { hash: "", state: "ok" };
  for (const { ownerKind, ownerId, role, hash } of uses) {
    if (hash !== last.hash) last = { hash, state: await blobs.verify(hash) };
    if (last.state !== "ok") found.push(`${role} of ${ownerKind} ${ownerId} is ${last.state} (blob ${hash})`);
  }
  return {
    found,
    well: `All ${uses.length} files of datasets, splits and models verify.`,
    ill: "files are lost; restore them from a backup",
  };
}

/** A crash between writing a blob and recording its use leaves one. Young ones may be about to be used. */
async function checkUnreferenced({ db, blobs, clock }: Backend): Promise<Trouble> {
  const rows = await db.selectFrom("blobUses").select("hash").distinct().execute();
  const used = new Set(rows.map((row) => row.hash));
  const found: string[] = [];
  for await (const { hash, modifiedAt } of blobs.files()) {
    if (!used.has(hash) && modifiedAt < clock.now() - DAY_MS) found.push(hash);
  }
  return {
    found,
    well: "No blob is left over.",
    ill: "blobs are used by nothing",
    repair: "Delete these blobs.",
    mend: async () => {
      for (const hash of found) await blobs.remove(hash);
    },
  };
}

async function checkTemporaryFiles({ blobs, clock }: Backend): Promise<Trouble> {
  const found = await blobs.staleFiles(clock.now() - DAY_MS);
  return {
    found,
    well: "No temporary file is left over.",
    ill: "temporary files were left by crashes",
    repair: "Delete these files.",
    mend: async () => {
      for (const file of found) await rm(file, { force: true });
    },
  };
}

async function checkBundleFolders({ db, folder }: Backend): Promise<Trouble> {
  const found: string[] = [];
  for (const name of await readdir(join(folder, BUNDLES)).catch(() => [])) {
    const model = await db
      .selectFrom("models")
      .select(["name", "version"])
      .where("bundle", "=", name)
      .executeTakeFirst();
    const uses = model
      ? await db
          .selectFrom("blobUses")
          .select(["role", "hash"])
          .where("ownerKind", "=", "model")
          .where("ownerId", "=", `${model.name}@${model.version}`)
          .execute()
      : [];
    const files = Object.fromEntries(uses.map(({ role, hash }) => [role, hash]));
    if (!model || !(await holdsExactly(join(folder, BUNDLES, name), files))) found.push(name);
  }
  return {
    found,
    well: "Every bundle folder equals its model.",
    ill: "bundle folders differ from their model",
    repair: "Delete these folders; they are made again from the blobs when needed.",
    mend: async () => {
      for (const name of found) await rm(join(folder, BUNDLES, name), { recursive: true, force: true });
    },
  };
}

async function checkRuns(backend: Backend): Promise<Trouble> {
  const { db, owner, clock } = backend;
  const running = await db.selectFrom("runs").selectAll().where("state", "=", "running").execute();
  return {
    found: running.filter((run) => !isAlive(run, owner, clock.now())).map(({ id }) => id),
    well: "Every running run has a living process.",
    ill: "runs lost their process",
    repair: "Mark them as interrupted; `--resume` goes on with their finished steps.",
    mend: async () => {
      await settleDeadRuns(backend);
    },
  };
}

/** A worker that died leaves its trial behind; the next one that asks for work finds it by itself, too. */
async function checkTrials(backend: Backend): Promise<Trouble> {
  const dead = await deadTrials(backend);
  return {
    found: dead.map(({ run, number }) => `trial ${number} of run ${run}`),
    well: "Every running trial has a living process.",
    ill: "trials lost their process",
    repair: "Let them wait for another process.",
    mend: async () => {
      await settleDeadTrials(backend, dead);
    },
  };
}
