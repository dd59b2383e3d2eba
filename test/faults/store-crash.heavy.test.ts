/** Requirements: kill -9 at 200 points loses nothing acknowledged; 16 writers lose nothing and never see "locked". */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { createRandom } from "../../src/foundation/base/random.js";
import type { Store } from "../../src/foundation/contracts/store.js";

const WORKER = fileURLToPath(new URL("store-worker.mjs", import.meta.url));
const KILLS = 200;

let root: string;
let folder: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "quern-crash-"));
  folder = join(root, ".quern");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const startWorker = (...parameters: string[]): ChildProcess =>
  spawn(process.execPath, [WORKER, folder, ...parameters], { stdio: ["ignore", "pipe", "pipe"] });

/** Lets a worker write, kills it after `delayMs` of writing, returns what it had acknowledged. */
async function killedAfter(delayMs: number, name: string): Promise<string[]> {
  const worker = startWorker("work", name);
  let output = "";
  const exit = once(worker, "exit");
  worker.stdout!.on("data", (chunk: Buffer) => {
    if (output === "") setTimeout(() => worker.kill("SIGKILL"), delayMs);
    output += chunk.toString();
  });
  await exit;
  // A last line without its end was not acknowledged.
  return output.split("\n").slice(0, -1);
}

async function isKept(store: Store, line: string): Promise<boolean> {
  const [kind, id = ""] = line.split(" ");
  switch (kind) {
    case "run":
      return (await store.runs.get(id)).state === "interrupted";
    case "blob":
      return (await store.blobs.verify(id)) === "ok";
    case "step":
      return (await store.steps.find(id)) !== undefined;
    case "trial": {
      const [run = "", number] = id.split(":");
      return (await store.runs.trials(run)).some((trial) => trial.number === Number(number));
    }
    default:
      return (await store.models.folder(id)) !== "";
  }
}

it(`requirement 8: kill -9 at ${KILLS} points loses nothing acknowledged and leaves nothing half`, {
  timeout: 600_000,
}, async () => {
  const random = createRandom("kill");
  let acknowledged = 0;
  for (let kill = 0; kill < KILLS; kill++) {
    const lines = await killedAfter(random.uniform() * 120, `w${kill}`);
    acknowledged += lines.length;
    const store = await openStore(folder, { clock: systemClock, create: false });
    for (const line of lines) expect(await isKept(store, line), line).toBe(true);
    if (kill % 20 === 19) {
      expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
    }
    await store.close();
  }
  expect(acknowledged).toBeGreaterThan(KILLS * 4);
});

it("requirement 11: 16 processes writing 1,000 times each lose nothing", { timeout: 600_000 }, async () => {
  const workers = Array.from({ length: 16 }, (_, index) => startWorker("count", `w${index}`, "1000"));
  const errors = await Promise.all(
    workers.map(async (worker) => {
      let error = "";
      worker.stderr!.on("data", (chunk: Buffer) => {
        error += chunk.toString();
      });
      const [code] = await once(worker, "exit");
      return code === 0 ? "" : error;
    }),
  );
  expect(errors.filter((error) => error !== "")).toEqual([]);
  const store = await openStore(folder, { clock: systemClock, create: false });
  for (let index = 0; index < 16; index++) {
    const edges = await store.lineage.trace({ kind: "writer", id: `w${index}` }, "sources");
    expect(edges).toHaveLength(1000);
  }
  await store.close();
});

it("40 processes that start together make one store, and none finds it locked", {
  timeout: 600_000,
}, async () => {
  const workers = Array.from({ length: 40 }, (_, index) => startWorker("count", `w${index}`, "3"));
  const codes = await Promise.all(workers.map(async (worker) => (await once(worker, "exit"))[0] as number));
  expect(codes.filter((code) => code !== 0)).toEqual([]);
});

it("10 processes share the 500 trials of a study, each trial once, though some processes are killed", {
  timeout: 600_000,
}, async () => {
  const store = await openStore(folder, { clock: systemClock, create: true });
  const study = await store.runs.start({ kind: "train", name: "shared", config: {}, seed: 0 });
  const trial = { trainer: "gbdt", state: "waiting", value: null, seconds: 0, document: {} } as const;
  await study.addTrials(Array.from({ length: 500 }, (_, number) => ({ ...trial, number })));
  const random = createRandom("claims");
  const finished = await Promise.all(
    Array.from({ length: 10 }, async (_, index) => {
      const worker = startWorker("claim", study.id);
      let output = "";
      worker.stdout!.on("data", (chunk: Buffer) => {
        if (output === "" && index % 3 === 0)
          setTimeout(() => worker.kill("SIGKILL"), random.uniform() * 200);
        output += chunk.toString();
      });
      await once(worker, "exit");
      return output.split("\n").slice(0, -1);
    }),
  );
  const lines = finished.flat();
  expect(new Set(lines).size).toBe(lines.length);
  const kept = await store.runs.trials(study.id);
  for (const line of lines) {
    const number = Number(line.split(" ")[1]);
    expect(kept[number]).toMatchObject({ state: "done", value: number, intermediate: [[0, number]] });
  }
  // What the killed ones held, and what nobody came to, is there for the next process.
  for (let leases = await store.runs.claimTrials(study.id, 100); leases.length > 0; ) {
    for (const lease of leases)
      await lease.finish({ state: "done", value: lease.trial.number, seconds: 1, document: {} });
    leases = await store.runs.claimTrials(study.id, 100);
  }
  const curve = await store.runs.trialCurve(study.id);
  expect(curve.map(({ value }) => value)).toEqual(Array.from({ length: 500 }, (_, number) => number));
  await study.finish({});
  expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
  await store.close();
});

it.runIf(process.platform === "linux")(
  "requirement 10: a really full disk is DISK_FULL and over when there is space",
  { timeout: 60_000 },
  () => {
    // A file system of 2 MB in a mount namespace of its own; Linux only, like the tool that makes it.
    const script = join(root, "fill.mjs");
    const dist = new URL("../../dist/", import.meta.url).href;
    writeFileSync(
      script,
      `import { randomBytes } from "node:crypto"; import { readdirSync, rmSync, writeFileSync } from "node:fs";
    const { openStore } = await import("${dist}capabilities/stores/index.js");
    const { systemClock } = await import("${dist}foundation/base/clock.js");
    const store = await openStore("/mnt/.quern", { clock: systemClock, create: true });
    writeFileSync("/mnt/ballast", randomBytes(200_000));
    const codes = new Set(); const kept = [];
    for (let i = 0; i < 40; i++) await store.blobs.put(randomBytes(100_000)).then((h) => kept.push(h), (e) => codes.add(e.code));
    const left = readdirSync("/mnt/.quern/blobs/incoming").length;
    for (let i = 0; i < 400; i++) await store.runs.start({ kind: "t", name: "n", seed: 0,
      config: { text: "x".repeat(9000) } }).catch((e) => codes.add(e.code));
    rmSync("/mnt/ballast");
    kept.push(await store.blobs.put(randomBytes(20_000)));
    const states = new Set(); for (const hash of kept) states.add(await store.blobs.verify(hash));
    const sick = (await store.doctor()).filter((check) => !check.ok);
    await store.close();
    console.log(JSON.stringify({ codes: [...codes], left, states: [...states], sick }));`,
    );
    const command = `mount -t tmpfs -o size=2m none /mnt && exec "${process.execPath}" "${script}"`;
    const output = execFileSync("unshare", ["-rm", "sh", "-c", command], { encoding: "utf8" });
    expect(JSON.parse(output)).toEqual({ codes: ["DISK_FULL"], left: 0, states: ["ok"], sick: [] });
  },
);
