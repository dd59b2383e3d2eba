/** What a service in use acknowledged survives its death at any moment: logs, labels, promotions, trainings. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyBundle, writeBundle } from "../../src/capabilities/bundles/index.js";
import { readPredictions } from "../../src/capabilities/monitoring/prediction-log/read-log.js";
import { sealJournals } from "../../src/capabilities/monitoring/prediction-log/segments.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import { createRandom, type Random } from "../../src/foundation/base/random.js";
import { gatesSchema } from "../../src/foundation/contracts/registry.js";
import type { Store, StoreCheck } from "../../src/foundation/contracts/store.js";
import { customers, customersCsv } from "../fixtures/churn-world.js";
import { smallModel } from "../golden/small-model.js";

const WORKER = fileURLToPath(new URL("loop-worker.mjs", import.meta.url));
const KILLS_AT_WORK = 170;
const KILLS_OF_TRAININGS = 30;

const folder = mkdtempSync(join(tmpdir(), "quern-loop-crash-"));
let store: Store;
let manifest: object;
beforeAll(async () => {
  store = await openStore(join(folder, ".quern"), { clock, create: true });
  for (const _ of [1, 2]) {
    const version = await store.models.reserveVersion("churn");
    const bundle = join(folder, `bundle-${version}`);
    manifest = (await writeBundle(bundle, { ...smallModel("binary"), name: "churn", version })).manifest;
    await store.models.register({ name: "churn", version, task: "binary", document: {}, folder: bundle });
  }
  // Gates that take no time, so that most kills fall into writes.
  await store.registry.setGates("churn", "champion", gatesSchema.parse({ parity: false, card: false }));
  writeFileSync(join(folder, "train.csv"), customersCsv(customers(80, "training")));
});
afterAll(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Leftovers of the dead that are swept without loss are none. */
const isSick = ({ ok, repaired }: StoreCheck): boolean => !ok && !repaired;

const startWorker = (mode: string, run: number) =>
  spawn(process.execPath, [WORKER, folder, mode, String(run)], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { ...process.env, QUERN_TEST_MANIFEST: JSON.stringify({ manifest }) },
  });

/** Lets a worker work and kills it, now and then before it could say anything. @returns what it had acknowledged */
async function killed(mode: string, run: number, random: Random, mostMs: number): Promise<string[][]> {
  const worker = startWorker(mode, run);
  const early = random.uniform() < 0.1;
  const kill = () => setTimeout(() => worker.kill("SIGKILL"), random.uniform() * mostMs);
  if (early) kill();
  let text = "";
  worker.stdout.on("data", (chunk: Buffer) => {
    if (text === "" && !early) kill();
    text += chunk.toString();
  });
  await once(worker, "close");
  // A last line without its end was not acknowledged.
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.split("\t"));
}

/** How long a training takes here and now, from its begin to its acknowledgement. */
async function trainingMs(): Promise<number> {
  const worker = startWorker("train", 999);
  await once(worker.stdout, "data");
  const begin = performance.now();
  await once(worker.stdout, "data");
  worker.kill("SIGKILL");
  await once(worker, "close");
  return performance.now() - begin;
}

test(`requirement 8: kill -9 at ${KILLS_AT_WORK} points of logging, labelling and promoting loses nothing acknowledged`, async () => {
  const random = createRandom("kills at work");
  const options = {
    folder: join(folder, ".quern/predictions"),
    threads: 1,
    blobs: store.blobs,
    monitoring: store.monitoring,
  };
  const acknowledged = new Map<string, Set<string>>();
  for (let run = 0; run < KILLS_AT_WORK; run++) {
    const lines = await killed("work", run, random, 200);
    for (const [kind = "", id = ""] of lines)
      acknowledged.set(kind, (acknowledged.get(kind) ?? new Set()).add(id));
    const history = await store.models.aliasHistory("churn");
    const reasons = new Set(history.map(({ reason }) => reason));
    for (const [kind, reason] of lines) if (kind === "promoted") expect(reasons).toContain(reason);
    // The alias is where its history says: no half promotion.
    if (history.length > 0)
      expect((await store.models.get("churn@champion")).version).toBe(history.at(-1)!.to);
    if (run % 20 === 19) {
      await sealJournals(options);
      expect((await store.doctor({ repair: true })).filter(isSick)).toEqual([]);
    }
  }
  const of = (kind: string) => [...(acknowledged.get(kind) ?? [])];
  expect(of("promoted").length).toBeGreaterThan(KILLS_AT_WORK);
  const { manifest: read } = verifyBundle(await store.models.folder("churn@2"));
  const { ids } = await readPredictions({ manifest: read, from: 0, to: Number.POSITIVE_INFINITY }, options);
  expect(new Set(ids).size).toBe(ids.length);
  const found = new Set(ids);
  expect(of("logged").filter((id) => !found.has(id))).toEqual([]);
  const queue = new Map((await store.labels.list("churn")).map((item) => [item.id, item]));
  expect(of("queued").filter((id) => !queue.has(id))).toEqual([]);
  expect(of("labelled").filter((id) => queue.get(id)?.state !== "labelled")).toEqual([]);
  const known = await store.monitoring.feedbackFor("churn", [...of("labelled"), ...of("fed back")]);
  expect(known.size).toBe(of("labelled").length + of("fed back").length);
  // Feedback and the queue's own record are of one piece.
  const labelled = [...queue.values()].filter(({ state }) => state === "labelled").map(({ id }) => id);
  expect((await store.monitoring.feedbackFor("churn", labelled)).size).toBe(labelled.length);
}, 1_200_000);

test(`requirement 8: kill -9 at ${KILLS_OF_TRAININGS} points of trainings loses no registered model, and no run pretends to work`, async () => {
  const random = createRandom("kills of trainings");
  let trained = 0;
  const mostMs = 1.5 * (await trainingMs());
  for (let run = 0; run < KILLS_OF_TRAININGS; run++) {
    const lines = (await killed("train", run, random, mostMs)).filter(([kind]) => kind === "trained");
    trained += lines.length;
    for (const [, model = "", id = ""] of lines) {
      verifyBundle(await store.models.folder(model));
      expect((await store.runs.get(id)).state).toBe("done");
    }
  }
  expect(trained).toBeGreaterThan(0);
  const models = (await store.models.list({ name: "trained", limit: 1000 })).items;
  for (const { name, version } of models) verifyBundle(await store.models.folder(`${name}@${version}`));
  // A training process notices that nobody waits for it any more.
  const deadline = performance.now() + 60_000;
  const working = async () =>
    (await store.runs.list({ limit: 1000 })).items.filter(({ state }) => state === "running");
  while ((await working()).length > 0 && performance.now() < deadline)
    await new Promise((resolve) => setTimeout(resolve, 200));
  expect(await working()).toEqual([]);
  expect((await store.doctor({ repair: true })).filter(isSick)).toEqual([]);
}, 1_200_000);
