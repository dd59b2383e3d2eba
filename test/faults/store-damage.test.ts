import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileBlobs } from "../../src/capabilities/stores/file-blobs.js";
import { diagnoseStore, openStore, runCached } from "../../src/capabilities/stores/index.js";
import {
  checkSqliteVersion,
  loadSqlite,
  type SqliteDatabase,
} from "../../src/capabilities/stores/sqlite-library.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { sha256 } from "../../src/foundation/base/hash.js";

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quern-damage-"));
  folder = join(root, ".quern");
});
afterEach(() => {
  chmodSync(root, 0o755);
  rmSync(root, { recursive: true, force: true });
});

const openHere = (create = true) => openStore(folder, { clock: systemClock, create });
const pathOf = (hash: string): string => join(folder, "blobs", hash.slice(0, 2), hash.slice(2));
const failing = async (repair = false) =>
  (await diagnoseStore(folder, { clock: systemClock, repair })).filter(({ ok }) => !ok).map(({ id }) => id);

function flipByte(path: string): void {
  const bytes = readFileSync(path);
  bytes[bytes.length >> 1]! ^= 1;
  writeFileSync(path, bytes);
}

async function execute(sql: string): Promise<void> {
  const { DatabaseSync } = await loadSqlite();
  const database = new DatabaseSync(join(folder, "store.sqlite"), { timeout: 1000 });
  database.exec(sql);
  database.close();
}

describe("a store that is not there, or not whole", () => {
  it("is never made silently", async () => {
    await expect(openHere(false)).rejects.toMatchObject({ code: "STORE_NOT_FOUND" });
    expect(await failing()).toEqual([]);
    expect(existsSync(folder)).toBe(false);
  });
  it("is not replaced by an empty one when its database is gone or emptied", async () => {
    const store = await openHere();
    await store.blobs.put(Buffer.from("model"));
    await store.close();
    truncateSync(join(folder, "store.sqlite"));
    await expect(openHere()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    rmSync(join(folder, "store.sqlite"));
    await expect(openHere()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });
  it("says so when the database is junk, and leaves the junk alone", async () => {
    mkdirSync(folder);
    const junk = Buffer.from("not a database, ".repeat(600));
    writeFileSync(join(folder, "store.sqlite"), junk);
    await expect(openHere()).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    expect(readFileSync(join(folder, "store.sqlite")).equals(junk)).toBe(true);
  });
  it("of a newer Quern is refused and not touched", async () => {
    await (await openHere()).close();
    await execute("insert into migrations values (99, 'from the future', 0)");
    await expect(openHere()).rejects.toMatchObject({ code: "STORE_VERSION" });
  });
  it("where nothing may be written is a typed error", async () => {
    // The second is unwritable for root as well.
    chmodSync(root, 0o555);
    const unwritable = process.getuid?.() === 0 ? "/sys/quern" : folder;
    const opening = openStore(unwritable, { clock: systemClock, create: true });
    await expect(opening).rejects.toMatchObject({ code: "STORE_NOT_WRITABLE" });
  });
  it("opens once for processes that start together", async () => {
    const stores = await Promise.all(Array.from({ length: 8 }, () => openHere()));
    for (const store of stores) await store.close();
    expect(await failing()).toEqual([]);
  });
});

it("requirement 11: a SQLite with the WAL-reset fault is refused", () => {
  const ofVersion = (version: string) => {
    const database = { prepare: () => ({ all: () => [{ version }] }) };
    return () => checkSqliteVersion(database as unknown as SqliteDatabase);
  };
  expect(ofVersion("3.51.2")).toThrow(expect.objectContaining({ code: "STORE_VERSION" }));
  for (const version of ["3.51.3", "3.53.0", "4.0.0"]) expect(ofVersion(version)).not.toThrow();
});

describe("damaged bytes", () => {
  it("requirement 9: of a blob are noticed on read, found by the doctor, and mended when put again", async () => {
    const store = await openHere();
    const bytes = Buffer.from("weights".repeat(1000));
    const hash = await store.blobs.put(bytes);
    await store.datasets.add({
      id: hash,
      name: "d",
      rows: 1,
      columns: 1,
      document: {},
      blobs: { table: hash },
    });
    for (const harm of [() => flipByte(pathOf(hash)), () => truncateSync(pathOf(hash), 10)]) {
      harm();
      await expect(store.blobs.get(hash)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
      await expect(store.blobs.localFile(hash)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
      expect(await failing(true)).toEqual(["blobs"]);
      await store.blobs.put(bytes);
      expect(Buffer.from(await store.blobs.get(hash)).equals(bytes)).toBe(true);
    }
    expect(await failing()).toEqual([]);
    await store.close();
  });
  it("a blob that is put again is as young as the store's clock says", async () => {
    const later = 2_000_000_000_000;
    const store = await openStore(folder, { clock: { ...systemClock, now: () => later }, create: true });
    const hash = await store.blobs.put(Buffer.from("asked for again"));
    await store.blobs.put(Buffer.from("asked for again"));
    expect(statSync(pathOf(hash)).mtimeMs).toBe(later);
    expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
    await store.close();
  });
  it("requirement 14: of a step's output make it run again", async () => {
    const store = await openHere();
    const identity = { id: "bin", version: 1, config: {}, inputs: {}, seed: 0 };
    let worked = 0;
    const work = async () => ({ bins: Float64Array.of(1, 2, ++worked * 0) });
    const first = await runCached(store, identity, work, { clock: systemClock });
    expect(await runCached(store, identity, work, { clock: systemClock })).toMatchObject({ hit: true });
    flipByte(pathOf(first.hash));
    expect(await failing(true)).toEqual([]);
    expect(await runCached(store, identity, work, { clock: systemClock })).toMatchObject({ hit: false });
    rmSync(pathOf(first.hash));
    expect(await runCached(store, identity, work, { clock: systemClock })).toMatchObject({
      hit: false,
      hash: first.hash,
      value: first.value,
    });
    expect(worked).toBe(3);
    await store.close();
  });
  it("of one run's document hide no other run", async () => {
    const store = await openHere();
    const lease = await store.runs.start({ kind: "train", name: "a", config: {}, seed: 0 });
    await lease.finish({});
    const other = await store.runs.start({ kind: "train", name: "b", config: {}, seed: 0 });
    await execute(`update runs set config_json = '{"torn' where name = 'a'`);
    expect((await store.runs.list()).items).toHaveLength(2);
    expect((await store.runs.get(other.id)).name).toBe("b");
    await expect(store.runs.get(lease.id)).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    await store.close();
  });
});

describe("what a crash leaves", () => {
  it("is swept when old, kept when young", async () => {
    const store = await openHere();
    await store.blobs.put(Buffer.from("x"));
    await store.close();
    const incoming = join(folder, "blobs", "incoming");
    writeFileSync(join(incoming, "1-old"), "half");
    utimesSync(join(incoming, "1-old"), 1, 1);
    writeFileSync(join(incoming, "1-young"), "half");
    await (await openHere()).close();
    expect(readdirSync(incoming)).toEqual(["1-young"]);
  });
  it("is a run shown as interrupted as soon as its process is gone", async () => {
    const child = spawn(process.execPath, ["-e", ""]);
    await once(child, "exit");
    const here = await openHere();
    const { hostname } = await import("node:os");
    const owner = { host: hostname(), pid: child.pid! };
    const there = await openStore(folder, { clock: systemClock, create: false, owner });
    const lease = await there.runs.start({ kind: "train", name: "a", config: {}, seed: 0 });
    expect((await here.runs.get(lease.id)).state).toBe("interrupted");
    const successor = await here.runs.resume(lease.id);
    await expect(lease.interrupt()).rejects.toMatchObject({ code: "LEASE_LOST" });
    await successor.finish({});
    await there.close();
    await here.close();
  });
});

describe("requirement 14: a failing step", () => {
  it("is not recorded", async () => {
    const store = await openHere();
    const identity = { id: "bin", version: 1, config: {}, inputs: {}, seed: 0 };
    const fail = () => Promise.reject(new Error("no"));
    await expect(runCached(store, identity, fail, { clock: systemClock })).rejects.toThrow("no");
    const work = async () => 7;
    expect(await runCached(store, identity, work, { clock: systemClock })).toMatchObject({
      hit: false,
      value: 7,
    });
    for (const change of [{ version: 2 }, { config: { a: 1 } }, { seed: 1 }, { inputs: { x: sha256("") } }]) {
      const changed = await runCached(store, { ...identity, ...change }, work, { clock: systemClock });
      expect(changed.hit).toBe(false);
    }
    await store.close();
  });
});

describe("a full disk", () => {
  it("requirement 10: is DISK_FULL, leaves nothing half-written, and is over when there is space again", async () => {
    const blobs = new FileBlobs(join(folder, "blobs"), systemClock, async (path) => {
      const file = await open(path, "wx");
      let written = 0;
      const write = file.write.bind(file) as (bytes: Uint8Array, offset: number) => Promise<unknown>;
      file.write = (async (bytes: Uint8Array, offset: number) => {
        if (written >= 1_500_000) throw Object.assign(new Error("no space"), { code: "ENOSPC" });
        written += bytes.length;
        return write(bytes, offset);
      }) as typeof file.write;
      return file;
    });
    const source = join(root, "large.parquet");
    const bytes = Buffer.alloc(5_000_000, 7);
    writeFileSync(source, bytes);
    await expect(blobs.putFile(source)).rejects.toMatchObject({ code: "DISK_FULL" });
    expect(readFileSync(source).equals(bytes)).toBe(true);
    expect(readdirSync(join(folder, "blobs"), { recursive: true })).toEqual(["incoming"]);
    expect(await blobs.put(Buffer.from("small"))).toBe(sha256("small"));
  });
});
