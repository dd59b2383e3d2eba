import { existsSync, readdirSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { CamelCasePlugin, Kysely } from "kysely";
import { syncFolder } from "../../foundation/base/atomic-file.js";
import type { Clock } from "../../foundation/base/clock.js";
import { translateDiskError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import type { Store, StoreCheck } from "../../foundation/contracts/store.js";
import type { Backend, Owner } from "./backend.js";
import { createDatasets } from "./datasets.js";
import { checkStore } from "./doctor.js";
import { BLOBS, openBlobs } from "./file-blobs.js";
import { createLabelQueue } from "./label-queue.js";
import { createLineage } from "./lineage.js";
import { migrate } from "./migrations.js";
import { createModels } from "./models.js";
import { createMonitoring } from "./monitoring.js";
import { createRegistry } from "./registry.js";
import { createLeases } from "./run-lease.js";
import { createRuns } from "./runs.js";
import { BLOCKING_WAIT_MS, type Outlives, SqliteConnection, sqliteDialect } from "./sqlite-dialect.js";
import { isBusy, translateSqliteError } from "./sqlite-errors.js";
import { checkSqliteVersion, loadSqlite, type SqliteDatabase } from "./sqlite-library.js";
import { createSteps } from "./steps.js";
import type { Tables } from "./tables.js";
import { openTrials } from "./trials.js";

const DATABASE = "store.sqlite";
/** Longer than any single file takes to copy in. */
const STALE_MS = 6 * 3_600_000;

export interface OpenStoreOptions {
  readonly clock: Clock;
  /** Makes the store when there is none. Otherwise a missing store is an error, never silently a new one. */
  readonly create: boolean;
  /** Who holds the leases; this process unless a test says otherwise. */
  readonly owner?: Owner;
}

/**
 * Opens the store in `folder` (`.quern`). Any number of processes of one host may have it open; the folder must
 * be on a local disk, because SQLite's write-ahead log does not work over network file systems.
 * @throws QuernError STORE_NOT_FOUND, STORE_NOT_WRITABLE, STORE_DAMAGED, STORE_VERSION, STORE_BUSY
 */
export async function openStore(folder: string, options: OpenStoreOptions): Promise<Store> {
  const { clock, create, owner = { host: hostname(), pid: process.pid } } = options;
  const path = join(folder, DATABASE);
  prepareFolder(folder, path, create);
  const database = await openDatabase(path, clock);
  const connection = new SqliteConnection(database, path, clock);
  const query = (outlives: Outlives): Kysely<Tables> =>
    new Kysely({ dialect: sqliteDialect(connection, outlives), plugins: [new CamelCasePlugin()] });
  const [db, progress] = [query("power-failure"), query("process")];
  const close = async (): Promise<void> => {
    await Promise.all([db.destroy(), progress.destroy()]);
    await connection.close();
  };
  try {
    await migrate(db, clock);
    const backend: Backend = { db, progress, clock, owner, folder, blobs: openBlobs(folder, clock) };
    for (const file of await backend.blobs.staleFiles(clock.now() - STALE_MS))
      await rm(file, { force: true });
    return assemble(backend, close);
  } catch (cause) {
    await close();
    throw cause;
  }
}

/** What `quern doctor` shows: the store's own checks, or why it cannot even be opened. */
export async function diagnoseStore(
  folder: string,
  options: Omit<OpenStoreOptions, "create"> & { readonly repair?: boolean },
): Promise<readonly StoreCheck[]> {
  const { repair = false, ...rest } = options;
  let store: Store;
  try {
    store = await openStore(folder, { ...rest, create: false });
  } catch (cause) {
    if (!QuernError.is(cause)) throw cause;
    // Also what a process that was killed while it made the store leaves: nothing was acknowledged yet.
    if (cause.code === "STORE_NOT_FOUND") {
      return [
        {
          id: "store",
          ok: true,
          message: `There is no store at ${folder} yet; the first training makes it.`,
        },
      ];
    }
    return [{ id: "open", ok: false, message: `${cause.message} ${cause.hint}` }];
  }
  try {
    return await store.doctor({ repair });
  } finally {
    await store.close();
  }
}

function assemble(backend: Backend, close: () => Promise<void>): Store {
  const leases = createLeases(backend);
  const trials = openTrials(backend);
  return {
    location: backend.folder,
    blobs: backend.blobs,
    datasets: createDatasets(backend),
    runs: createRuns(backend, leases, trials),
    steps: createSteps(backend),
    models: createModels(backend),
    registry: createRegistry(backend),
    lineage: createLineage(backend),
    monitoring: createMonitoring(backend),
    labels: createLabelQueue(backend),
    doctor: ({ repair = false } = {}) => checkStore(backend, repair),
    async close() {
      leases.stopAll();
      trials.stop();
      await close();
    },
  };
}

function prepareFolder(folder: string, path: string, create: boolean): void {
  // Blobs first: a process that makes the store meanwhile writes its database before any blob.
  const hasBlobs = existsSync(join(folder, BLOBS)) && readdirSync(join(folder, BLOBS)).length > 0;
  const hasDatabase = (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
  if (hasDatabase) return;
  if (hasBlobs) {
    throw new QuernError("STORE_DAMAGED", `The store ${folder} has blobs but its database ${path} is gone.`, {
      hint: `Restore ${DATABASE} from a backup, or move the folder away to start a new store.`,
      details: { path },
    });
  }
  if (!create) {
    throw new QuernError("STORE_NOT_FOUND", `There is no store in ${folder}.`, { details: { folder } });
  }
  try {
    makeFolder(folder);
    syncFolder(join(folder, ".."));
  } catch (cause) {
    const known = translateDiskError(cause, folder);
    if (QuernError.is(known) && known.code !== "OUTPUT_NOT_WRITABLE") throw known;
    throw new QuernError("STORE_NOT_WRITABLE", `The store folder ${folder} cannot be made.`, {
      details: { folder },
      cause,
    });
  }
}

async function openDatabase(path: string, clock: Clock): Promise<SqliteDatabase> {
  const { DatabaseSync } = await loadSqlite();
  let database: SqliteDatabase | undefined;
  try {
    database = new DatabaseSync(path, { timeout: BLOCKING_WAIT_MS });
    await configure(database, clock);
    return database;
  } catch (cause) {
    database?.close();
    throw translateSqliteError(cause, path);
  }
}

const SETTINGS = `pragma journal_mode = wal; pragma foreign_keys = on;
  pragma trusted_schema = off; pragma journal_size_limit = 67108864; pragma temp_store = memory;`;
const OPENING_PATIENCE_MS = 60_000;

/**
 * A connection's first statements find a database locked that another process is just making or recovering, and some of them
 * do not wait for locks: processes that start together try again.
 */
async function configure(database: SqliteDatabase, clock: Clock): Promise<void> {
  const deadline = clock.elapsed() + OPENING_PATIENCE_MS;
  for (;;) {
    try {
      checkSqliteVersion(database);
      database.exec(SETTINGS);
      return;
    } catch (cause) {
      if (!isBusy(cause) || clock.elapsed() > deadline) throw cause;
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
