/** Fits in child processes: whatever happens to a process, the results are those of this process alone. */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createTransforms } from "../../src/capabilities/features/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { TRAINERS } from "../../src/catalogue.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import type { Logger } from "../../src/foundation/base/logger.js";
import { pack } from "../../src/foundation/base/packing.js";
import { createRandom } from "../../src/foundation/base/random.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import type { FitTask } from "../../src/workflows/fitting/fit-messages.js";
import {
  createInlinePool,
  createProcessPool,
  type FitPool,
  fitSlots,
  type ProcessPoolOptions,
} from "../../src/workflows/fitting/fit-pool.js";
import { hashModule } from "../../src/workflows/project/module-hash.js";
// The executor of the worker processes, so plain JavaScript that uses what was built.
import { executor } from "./fit-executor.mjs";

const script = new URL("fit-child.mjs", import.meta.url);
const never = new AbortController().signal;

let root: string;
let store: Store;
let material: string;
const pools: FitPool[] = [];
const lines: { level: string; message: string; fields: unknown }[] = [];
const logger: Logger = { log: (level, message, fields) => void lines.push({ level, message, fields }) };

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "quern-pool-"));
  store = await openStore(join(root, ".quern"), { clock: systemClock, create: true });
  material = await store.blobs.put(pack(sampleMaterial(120)));
  lines.length = 0;
});
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.close()));
  expect(childrenOf(process.pid).filter((line) => line.includes("fit-child"))).toEqual([]);
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

function sampleMaterial(rows: number): unknown {
  const random = createRandom("pool");
  const numbers = () => Float64Array.from({ length: rows }, () => random.normal());
  const [a, b] = [numbers(), numbers()];
  return {
    columns: [
      ["a", { kind: "number", values: a }],
      ["b", { kind: "number", values: b }],
    ],
    target: {
      task: "binary",
      classes: ["no", "yes"],
      codes: Int32Array.from(a, (x, i) => Number(x + b[i]! > 0)),
    },
    folds: Int32Array.from({ length: rows }, (_, i) => i % 4),
  };
}

const common = (into = store) => ({
  store: into,
  work: { store: into.location, seed: 3, extensions: {} as Record<string, string>, folder: root },
  ...{ executor, trainers: TRAINERS, transforms: createTransforms(), clock: systemClock, logger },
});
function processes(options: Partial<ProcessPoolOptions> = {}): FitPool {
  const pool = createProcessPool({ ...common(), slots: 2, script, memoryBytes: 2 ** 30, ...options });
  pools.push(pool);
  return pool;
}
const task = (config: FitTask["config"], rest: Partial<FitTask> = {}): FitTask => ({
  ...{ trainer: "logistic-regression", config, material, fold: 0 },
  ...rest,
});
const fault = (name: string, settings: object = {}): FitTask => task({ fault: name, ...settings });
const markerIn = (name: string): string => join(root, name);

function childrenOf(pid: number): string[] {
  const listing = execFileSync("ps", ["-e", "-o", "ppid=,pid=,stat=,args="], { encoding: "utf8" });
  return listing.split("\n").filter((line) => Number(line.trim().split(/\s+/)[0]) === pid);
}
async function until(holds: () => boolean, patienceMs = 20_000): Promise<void> {
  for (const end = Date.now() + patienceMs; !holds(); ) {
    if (Date.now() > end) throw new Error("It did not happen.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

it("gives the same bytes inline and with 1, 2 and 3 processes, in any order", async () => {
  const tasks = [0, 1, 2, 3, "all" as const].flatMap((fold) => [
    task({}, { fold }),
    task({ trees: 8 }, { trainer: "random-forest", fold }),
  ]);
  const hashesOf = async (make: (into: Store) => FitPool, order: readonly FitTask[]) => {
    const folder = mkdtempSync(join(root, "store-"));
    const into = await openStore(join(folder, ".quern"), { clock: systemClock, create: true });
    await into.blobs.put(pack(sampleMaterial(120)));
    const pool = make(into);
    const fits = await Promise.all(order.map((one) => pool.fit(one, never)));
    await pool.close();
    await into.close();
    expect(fits.every(({ hit }) => !hit)).toBe(true);
    return new Map(order.map((one, i) => [one, fits[i]!.hash]));
  };
  const expected = await hashesOf((into) => createInlinePool({ ...common(into), threads: 2 }), tasks);
  for (const slots of [1, 2, 3]) {
    const found = await hashesOf(
      (into) => processes({ ...common(into), slots }),
      slots === 2 ? tasks.toReversed() : tasks,
    );
    for (const one of tasks) expect(found.get(one)).toBe(expected.get(one));
  }
});

it("fits once and answers from the store afterwards, without a process", async () => {
  const first = await processes().fit(task({}), never);
  const pool = processes({ script: new URL("file:///nowhere.mjs") });
  const again = await pool.fit(task({}), never);
  expect([first.hit, again.hit]).toEqual([false, true]);
  expect(again).toEqual({ ...first, hit: true });
  expect(again.outcome.heldOut!.values).toHaveLength(60);
  const inline = createInlinePool({ ...common(), threads: 1 });
  expect((await inline.fit(task({}), never)).hit).toBe(true);
});

it("ends a boosting when its time is up, with the bytes of a fit of so many iterations", async () => {
  const most = 50_000;
  const endless = task(
    { iterations: most, leaves: 16, minRowsPerLeaf: 1, learningRate: 1e-4 },
    { trainer: "gbdt" },
  );
  const empty = await openStore(join(root, "counted", ".quern"), { clock: systemClock, create: true });
  await empty.blobs.put(pack(sampleMaterial(120)));
  const counting = createInlinePool({ ...common(empty), threads: 2 });
  for (const [fold, pool] of [processes(), createInlinePool({ ...common(), threads: 2 })].entries()) {
    const cut = await pool.fit({ ...endless, fold }, never, () => 0.4);
    const maxIterations = cut.outcome.diagnostics.iterations!;
    expect(maxIterations).toBeLessThan(most);
    // Recorded as the same work, counted, and as nothing else.
    const counted = { ...endless, fold, maxIterations };
    const known = await pool.fit(counted, never);
    expect([known.hash, known.hit]).toEqual([cut.hash, true]);
    const again = await counting.fit(counted, never);
    expect([again.hash, again.hit]).toEqual([cut.hash, false]);
  }
  await empty.close();
});

it("runs at most `slots` side by side, first come first served", async () => {
  const pool = processes({ slots: 2 });
  const markers = Array.from({ length: 6 }, (_, i) => markerIn(`started-${i}`));
  await Promise.all(markers.map((marker, i) => pool.fit(fault("wait", { ms: 60, i, marker }), never)));
  // A process takes one fit at a time; the second may still be starting while the first goes on.
  const started = markers.map((marker, i) => ({
    i,
    process: readFileSync(marker, "utf8"),
    at: statSync(marker).mtimeMs,
  }));
  const workers = new Set(started.map(({ process }) => process));
  expect(workers.size).toBe(2);
  for (const one of workers) {
    const own = started.filter(({ process }) => process === one);
    expect(own.toSorted((a, b) => a.at - b.at).map(({ i }) => i)).toEqual(own.map(({ i }) => i));
  }
});

it("starts a killed process's fit once more, and then says that it died", async () => {
  const pool = processes();
  const marker = markerIn("died");
  const [survivor, other] = await Promise.all([
    pool.fit(fault("die", { marker }), never),
    pool.fit(task({}), never),
  ]);
  expect([survivor.hit, other.hit]).toEqual([false, false]);
  expect(lines).toMatchObject([{ level: "warn", fields: { trainer: "logistic-regression" } }]);
  const lost = pool.fit(fault("die", { marker, always: true }), never);
  await expect(lost).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    message: expect.stringMatching(/fit of logistic-regression failed 2 times.*SIGKILL/),
    details: { trainer: "logistic-regression", fold: 0 },
  });
  expect((await pool.fit(task({}, { fold: 1 }), never)).hit).toBe(false);
});

it("caps the memory of a process and tells what it said at its end", async () => {
  const pool = processes({ memoryBytes: 1 });
  await expect(pool.fit(fault("heap"), never)).rejects.toMatchObject({
    code: "OUT_OF_MEMORY",
    message: expect.stringContaining("heap"),
  });
});

it("ends a fit that shows no sign of life, at once and only once", async () => {
  const pool = processes({ silenceMs: 1_500 });
  const failure = pool.fit(fault("hang"), never);
  await expect(failure).rejects.toMatchObject({ code: "TRAINING_FAILED", message: /no sign of life/ });
  expect(lines).toEqual([]);
  expect((await pool.fit(task({}), never)).hit).toBe(false);
});

it("stops on abort: what waits never starts, what runs stops, what does not stop is killed", async () => {
  const pool = processes({ slots: 2, graceMs: 300 });
  const controller = new AbortController();
  const polite = pool.fit(fault("wait", { ms: 60_000, marker: markerIn("polite") }), controller.signal);
  const deaf = pool.fit(fault("hang"), controller.signal);
  const waiting = pool.fit(fault("wait", { ms: 1, marker: markerIn("waiting") }), controller.signal);
  await until(() => existsSync(markerIn("polite")));
  controller.abort();
  for (const fit of [polite, deaf, waiting]) await expect(fit).rejects.toMatchObject({ code: "INTERRUPTED" });
  expect(existsSync(markerIn("waiting"))).toBe(false);
  // The polite process goes on with other work; the deaf one is replaced.
  const [next] = await Promise.all([0, 1, 2].map((fold) => pool.fit(task({}, { fold }), never)));
  expect(next!.hit).toBe(false);
  await expect(pool.fit(task({}), controller.signal)).rejects.toMatchObject({ code: "INTERRUPTED" });
});

it("refuses fits once it is closed, and leaves no process", async () => {
  const pool = processes({ graceMs: 300 });
  const running = pool.fit(fault("hang"), never);
  const refused = expect(running).rejects.toMatchObject({ code: "INTERRUPTED" });
  await until(() => childrenOf(process.pid).some((line) => line.includes("fit-child")));
  await pool.close();
  await refused;
  await expect(pool.fit(task({}), never)).rejects.toMatchObject({ code: "INTERRUPTED" });
});

it("carries errors, log lines and progress across", async () => {
  const progress: unknown[] = [];
  const pool = processes({ onProgress: (of, event) => progress.push([of.fold, event.stage]) });
  await expect(pool.fit(fault("refuse"), never)).rejects.toMatchObject({
    ...{ code: "TRAINING_FAILED", message: "no such luck", hint: "try again", details: { why: 7 } },
  });
  const bug = await pool.fit(fault("bug"), never).catch((failure: unknown) => failure);
  expect(bug).toMatchObject({ message: "undefined is not a model" });
  expect((bug as Error).stack).toContain("fit-executor.mjs");
  await pool.fit(fault("tell", { text: "it goes well" }), never);
  expect(lines).toEqual([
    {
      level: "info",
      message: "it goes well",
      fields: { trainer: "logistic-regression", fold: 0, answer: 42 },
    },
  ]);
  await pool.fit(task({ fault: "wait", ms: 20 }, { fold: 7 }), never);
  expect(progress).toContainEqual([7, "wait"]);
  const missing = pool.fit({ ...task({}), material: "0".repeat(64) }, never);
  await expect(missing).rejects.toMatchObject({ code: "STORE_DAMAGED" });
  await expect(pool.fit(task({}, { trainer: "nobody" }), never)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
});

it("loads the project's own trainers in the worker, and says when they are gone or not those of the training", async () => {
  const built = new URL("../../dist/", import.meta.url).href;
  writeFileSync(
    join(root, "mine.mjs"),
    `import { TRAINERS } from "${built}catalogue.js";
    export const trainers = [{ ...TRAINERS.find(({ id }) => id === "logistic-regression"), id: "my-model" }];`,
  );
  const mine = { ...TRAINERS.find(({ id }) => id === "logistic-regression")!, id: "my-model" };
  const trainers = [...TRAINERS, mine];
  const { work } = common();
  const pool = processes({
    trainers,
    work: { ...work, extensions: { "mine.mjs": hashModule(join(root, "mine.mjs")) } },
  });
  expect((await pool.fit(task({}, { trainer: "my-model", fold: 2 }), never)).hit).toBe(false);
  for (const name of ["gone.mjs", "mine.mjs"]) {
    const broken = processes({ trainers, work: { ...work, extensions: { [name]: "0".repeat(64) } } });
    const fit = broken.fit(task({}, { fold: 3 }), never);
    await expect(fit, name).rejects.toMatchObject({ code: "CONFIG_INVALID", details: { module: name } });
  }
});

it("counts the memory of a process before it starts another", () => {
  const gigabyte = 2 ** 30;
  expect(fitSlots({ threads: 4, materialBytes: 10_000_000, availableBytes: 16 * gigabyte })).toBe(4);
  expect(fitSlots({ threads: 4, materialBytes: gigabyte, availableBytes: 16 * gigabyte })).toBe(1);
  expect(fitSlots({ threads: 4, materialBytes: 250_000_000, availableBytes: 8 * gigabyte })).toBe(3);
  expect(fitSlots({ threads: 1, materialBytes: 1, availableBytes: 8 * gigabyte })).toBe(1);
});
