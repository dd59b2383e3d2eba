/** What every store must do, whatever engine keeps it. */
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../src/foundation/base/clock.js";
import type { Store } from "../src/foundation/contracts/store.js";
import { monitoring } from "./store-monitoring.js";
import { studies } from "./store-studies.js";

export interface StoreUnderTest {
  /** An empty store. */
  open(clock: Clock): Promise<OpenedStore>;
}
export interface OpenedStore {
  readonly store: Store;
  /** The same store once more, as another process would open it. */
  reopen(): Promise<Store>;
  dispose(): void;
}

export interface Context {
  readonly store: Store;
  readonly opened: OpenedStore;
  /** A folder for input files. */
  readonly folder: string;
  advance(ms: number): void;
}

export function storeSuite(name: string, subject: StoreUnderTest): void {
  describe(`store: ${name}`, () => {
    let context: Context;
    const current = (): Context => context;

    beforeEach(async () => {
      let now = Date.UTC(2026, 0, 1);
      const clock: Clock = { now: () => now, elapsed: () => now };
      const opened = await subject.open(clock);
      const folder = mkdtempSync(join(tmpdir(), "quern-input-"));
      const advance = (ms: number): void => {
        now += ms;
      };
      context = { store: opened.store, opened, folder, advance };
    });
    afterEach(async () => {
      await context.store.close();
      context.opened.dispose();
      rmSync(context.folder, { recursive: true, force: true });
    });

    describe("blobs", () => blobs(current));
    describe("datasets", () => datasets(current));
    describe("runs", () => runs(current));
    describe("studies", () => studies(current));
    describe("steps", () => {
      steps(current);
      concurrentSteps(current);
    });
    describe("models", () => models(current));
    describe("lineage", () => lineage(current));
    describe("monitoring", () => monitoring(current));
    it("finds itself in good health", async () => {
      const checks = await current().store.doctor();
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
      expect(checks.length).toBeGreaterThan(3);
    });
  });
}

const hash = (text: string): string => createHash("sha256").update(text).digest("hex");

function blobs(current: () => Context): void {
  it("returns the bytes that were put, under their SHA-256", async () => {
    const { store } = current();
    for (const bytes of [new Uint8Array(0), Buffer.from("茄子"), randomBytes(3_000_000)]) {
      const name = await store.blobs.put(bytes);
      expect(name).toBe(createHash("sha256").update(bytes).digest("hex"));
      expect(Buffer.compare(await store.blobs.get(name), bytes)).toBe(0);
      expect(await store.blobs.put(bytes)).toBe(name);
      expect(readFileSync(await store.blobs.localFile(name)).equals(bytes)).toBe(true);
    }
  });
  it("copies files in and leaves the source", async () => {
    const { store, folder } = current();
    const path = join(folder, "数据 🌾.bin");
    const bytes = randomBytes(5_000_001);
    writeFileSync(path, bytes);
    const stored = await store.blobs.putFile(path);
    expect(stored).toEqual({ hash: createHash("sha256").update(bytes).digest("hex"), bytes: bytes.length });
    expect(readFileSync(path).equals(bytes)).toBe(true);
    expect(await store.blobs.verify(stored.hash)).toBe("ok");
  });
  it("says what is missing and refuses names that are not hashes", async () => {
    const { store } = current();
    expect(await store.blobs.verify(hash("nothing"))).toBe("missing");
    await expect(store.blobs.get(hash("nothing"))).rejects.toMatchObject({ code: "STORE_DAMAGED" });
    await expect(store.blobs.get("../../etc/passwd")).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  });
  it("takes the same bytes from many writers at once", async () => {
    const { store } = current();
    const bytes = randomBytes(200_000);
    const names = await Promise.all(Array.from({ length: 20 }, () => store.blobs.put(bytes)));
    expect(new Set(names).size).toBe(1);
    expect(await store.blobs.verify(names[0]!)).toBe("ok");
  });
}

function datasets(current: () => Context): void {
  const dataset = (id: string, name = "customers") => ({
    id: hash(id),
    name,
    rows: 10,
    columns: 3,
    document: { schema: [{ name: "__proto__" }], note: "一" },
    blobs: { table: hash("table") },
  });
  it("keeps versions immutable and finds them by id, prefix and name", async () => {
    const { store, advance } = current();
    const first = await store.datasets.add(dataset("a"));
    advance(1000);
    expect(await store.datasets.add({ ...dataset("a"), rows: 99 })).toEqual(first);
    const second = await store.datasets.add(dataset("b"));
    expect(second.document).toEqual(dataset("b").document);
    expect(await store.datasets.get("customers")).toEqual(second);
    expect(await store.datasets.get(first.id)).toEqual(first);
    expect(await store.datasets.get(first.id.slice(0, 8))).toEqual(first);
    await expect(store.datasets.get("nobody")).rejects.toMatchObject({ code: "DATASET_NOT_FOUND" });
    expect((await store.datasets.list()).items.map(({ id }) => id)).toEqual([second.id, first.id]);
    expect((await store.datasets.list({ name: "other" })).items).toEqual([]);
  });
  it("keeps splits and every opening of their test rows", async () => {
    const { store, advance } = current();
    await store.datasets.add(dataset("a"));
    const split = { id: hash("s"), dataset: hash("a"), config: { kind: "random" }, blob: hash("rows") };
    const stored = await store.datasets.addSplit(split);
    advance(5);
    expect(await store.datasets.addSplit(split)).toEqual(stored);
    expect(await store.datasets.splits(hash("a"))).toEqual([stored]);
    const opening = { split: split.id, run: "r1", purpose: "final evaluation" };
    expect(await store.datasets.openTest(opening)).toHaveLength(1);
    const again = await store.datasets.openTest({ ...opening, run: "r2" });
    expect(again.map(({ run }) => run)).toEqual(["r1", "r2"]);
  });
}

function runs(current: () => Context): void {
  const newRun = { kind: "train", name: "churn", config: { tuning: { trials: 4 } }, seed: 7 };
  it("records a run from start to end", async () => {
    const { store, advance } = current();
    const lease = await store.runs.start(newRun);
    await lease.report({ stage: "fit", done: 1, total: 4 });
    const trial = {
      trainer: "gbdt",
      state: "done",
      value: 0.81,
      seconds: 1.5,
      document: { depth: 6 },
    } as const;
    await lease.addTrials([
      { ...trial, number: 0 },
      { ...trial, number: 1, value: 0.7 },
    ]);
    await lease.addTrials([{ ...trial, number: 1, value: 0.9 }]);
    expect(await store.runs.get(lease.id)).toMatchObject({ state: "running", stage: "fit", stageDone: 1 });
    advance(100);
    await lease.finish({ model: "churn@1" }, { metric: "auc", value: 0.9 });
    const run = await store.runs.get(lease.id);
    expect(run).toMatchObject({ ...newRun, state: "done", result: { model: "churn@1" }, value: 0.9 });
    expect((await store.runs.trials(lease.id)).map(({ value }) => value)).toEqual([0.81, 0.9]);
    await expect(lease.report({ stage: "late", done: 0, total: 1 })).rejects.toMatchObject({
      code: "LEASE_LOST",
    });
    await expect(store.runs.resume(lease.id)).rejects.toMatchObject({ code: "USAGE" });
    await expect(store.runs.get("none")).rejects.toMatchObject({ code: "RUN_NOT_FOUND" });
  });
  it("keeps why a run failed", async () => {
    const { store } = current();
    const lease = await store.runs.start(newRun);
    await lease.fail({ code: "TRAINING_FAILED", message: "gbdt", hint: "", details: {} });
    expect(await store.runs.get(lease.id)).toMatchObject({ state: "failed", error: { message: "gbdt" } });
  });
  it("does not bring an interrupted run back to life by a late report", async () => {
    const { store } = current();
    const lease = await store.runs.start(newRun);
    await lease.interrupt();
    await expect(lease.report({ stage: "late", done: 0, total: 1 })).rejects.toMatchObject({
      code: "LEASE_LOST",
    });
    expect((await store.runs.get(lease.id)).state).toBe("interrupted");
    await (await store.runs.resume(lease.id)).finish({});
  });
  it("requirement 12: shows a run whose lease expired as interrupted and fences its process off once it is resumed", async () => {
    const { store, advance } = current();
    const lease = await store.runs.start(newRun);
    await expect(store.runs.resume(lease.id)).rejects.toMatchObject({ code: "STORE_BUSY" });
    advance(3_600_000);
    expect((await store.runs.list({ state: "interrupted" })).items).toHaveLength(1);
    // Paused, not dead: nobody took it over, so it goes on.
    await lease.report({ stage: "woke up", done: 0, total: 1 });
    expect(await store.runs.get(lease.id)).toMatchObject({ state: "running", finishedAt: null });
    advance(3_600_000);
    const successor = await store.runs.resume(lease.id);
    await expect(lease.addTrials([])).rejects.toMatchObject({ code: "LEASE_LOST" });
    await expect(lease.finish({})).rejects.toMatchObject({ code: "LEASE_LOST" });
    await successor.finish({});
    expect((await store.runs.get(lease.id)).state).toBe("done");
  });
  it("pages through thousands, newest first, also within one millisecond", async () => {
    const { store, advance } = current();
    const started: string[] = [];
    for (let i = 0; i < 60; i++) {
      const lease = await store.runs.start({ ...newRun, kind: i % 2 ? "train" : "evaluate" });
      await lease.finish({});
      started.push(lease.id);
      if (i % 10 === 0) advance(1);
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await store.runs.list({ limit: 7, ...(after === undefined ? {} : { after }) });
      seen.push(...page.items.map(({ id }) => id));
      after = page.next;
    } while (after !== undefined);
    expect(seen.toSorted()).toEqual(started.toSorted());
    expect((await store.runs.list({ kind: "train", limit: 1000 })).items).toHaveLength(30);
    await expect(store.runs.list({ limit: 0 })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
    await expect(store.runs.list({ after: "x" })).rejects.toMatchObject({ code: "REQUEST_INVALID" });
  });
}

function steps(current: () => Context): void {
  it("hits only when output and references exist; the first record holds", async () => {
    const { store } = current();
    const output = await store.blobs.put(Buffer.from("output"));
    const other = await store.blobs.put(Buffer.from("other"));
    const step = { key: hash("k"), step: "bin", output, references: [other], seconds: 2 };
    expect(await store.steps.find(step.key)).toBeUndefined();
    expect(await store.steps.record(step)).toEqual(step);
    expect(await store.steps.find(step.key)).toEqual(step);
    expect(await store.steps.record({ ...step, output: other, references: [] })).toEqual(step);
    const broken = { ...step, key: hash("k2"), references: [hash("never stored")] };
    await store.steps.record(broken);
    expect(await store.steps.find(broken.key)).toBeUndefined();
    await store.steps.record({ ...broken, references: [other] });
    expect(await store.steps.find(broken.key)).toEqual({ ...broken, references: [other] });
  });
}

function concurrentSteps(current: () => Context): void {
  it("lets the first of several recorders of one key hold for all", async () => {
    const { store, opened } = current();
    const second = await opened.reopen();
    const outputs = await Promise.all(["a", "b"].map((text) => store.blobs.put(Buffer.from(text))));
    const step = { key: hash("race"), step: "bin", references: [], seconds: 1 };
    const records = await Promise.all(
      Array.from({ length: 10 }, (_, i) =>
        (i % 2 ? store : second).steps.record({ ...step, output: outputs[i % 2]! }),
      ),
    );
    await second.close();
    const holding = await store.steps.find(step.key);
    expect(new Set(records.map(({ output }) => output))).toEqual(new Set([holding!.output]));
  });
}

function models(current: () => Context): void {
  const bundle = (content: string): string => {
    const folder = mkdtempSync(join(current().folder, "bundle-"));
    mkdirSync(join(folder, "assets"));
    writeFileSync(join(folder, "manifest.json"), content);
    writeFileSync(join(folder, "assets", "词典.txt"), "词");
    return folder;
  };
  const register = async (store: Store, name: string, content = "{}") =>
    store.models.register({
      name,
      version: await store.models.reserveVersion(name),
      task: "binary",
      metric: "auc",
      value: 0.9,
      document: { content },
      folder: bundle(content),
    });

  it("numbers versions without ever repeating one", async () => {
    const { store, opened } = current();
    const second = await opened.reopen();
    const versions = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? store : second).models.reserveVersion("流失")),
    );
    await second.close();
    expect(versions.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
    await expect(store.models.reserveVersion("../x")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
    await expect(store.models.reserveVersion("a@b")).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
  it("registers bundles and lays them out as folders again", async () => {
    const { store } = current();
    const model = await register(store, "churn", '{"a":1}');
    expect(model).toMatchObject({ name: "churn", version: 1, aliases: [], document: { content: '{"a":1}' } });
    const folder = await store.models.folder("churn@1");
    expect(readFileSync(join(folder, "manifest.json"), "utf8")).toBe('{"a":1}');
    expect(readFileSync(join(folder, "assets", "词典.txt"), "utf8")).toBe("词");
    writeFileSync(join(folder, "manifest.json"), "flipped");
    writeFileSync(join(folder, "extra"), "");
    const mended = await store.models.folder("churn@1");
    expect(readFileSync(join(mended, "manifest.json"), "utf8")).toBe('{"a":1}');
  });
  it("resolves versions, aliases and bare names, and remembers every change of an alias", async () => {
    const { store } = current();
    await register(store, "churn");
    await register(store, "churn", "2");
    await register(store, "other");
    expect((await store.models.get("churn")).version).toBe(2);
    await store.models.setAlias("churn", "champion", 1, "first");
    expect((await store.models.get("churn")).version).toBe(1);
    expect((await store.models.get("churn@champion")).aliases).toEqual(["champion"]);
    await store.models.setAlias("churn", "champion", 2, "better");
    await store.models.setAlias("churn", "champion", null, "withdrawn");
    expect((await store.models.aliasHistory("churn")).map(({ from, to }) => [from, to])).toEqual([
      [null, 1],
      [1, 2],
      [2, null],
    ]);
    for (const reference of ["churn@9", "churn@champion", "churn@", "nobody", "", "churn@1@1"]) {
      await expect(store.models.get(reference)).rejects.toMatchObject({ code: "MODEL_NOT_FOUND" });
    }
    await expect(store.models.setAlias("churn", "champion", 9, "")).rejects.toMatchObject({
      code: "MODEL_NOT_FOUND",
    });
    const first = await store.models.list({ limit: 2 });
    const rest = await store.models.list({ limit: 2, after: first.next! });
    expect([...first.items, ...rest.items].map(({ name, version }) => `${name}@${version}`)).toEqual([
      "other@1",
      "churn@2",
      "churn@1",
    ]);
    expect((await store.models.list({ name: "churn" })).items).toHaveLength(2);
  });
}

function lineage(current: () => Context): void {
  it("walks from a model to its sources and from a source to its results, through cycles too", async () => {
    const { store } = current();
    const node = (kind: string, id: string) => ({ kind, id });
    const edges = [
      { from: node("model", "m"), relation: "made by", to: node("run", "r") },
      { from: node("run", "r"), relation: "used", to: node("dataset", "d") },
      { from: node("run", "q"), relation: "used", to: node("dataset", "d") },
      { from: node("dataset", "d"), relation: "refined from", to: node("dataset", "d0") },
      { from: node("dataset", "d0"), relation: "cycle", to: node("dataset", "d") },
    ];
    await store.lineage.add(edges);
    await store.lineage.add(edges);
    expect(await store.lineage.trace(node("model", "m"), "sources")).toHaveLength(4);
    const results = await store.lineage.trace(node("dataset", "d"), "results");
    expect(results.filter(({ from }) => from.kind === "model")).toHaveLength(1);
    expect(await store.lineage.trace(node("model", "x"), "sources")).toEqual([]);
  });
}
