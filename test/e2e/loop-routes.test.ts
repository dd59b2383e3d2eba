/** Experiments and the label queue over HTTP: the same as on the command line, and safe to repeat. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { createServer, createServingMetrics } from "../../src/entries/http/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import type { Manifest } from "../../src/foundation/contracts/bundle.js";
import { experimentResultSchema } from "../../src/foundation/contracts/experiment.js";
import { labelResultSchema } from "../../src/foundation/contracts/label-queue.js";
import { monitoringSchema } from "../../src/foundation/contracts/monitoring.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import { openExperiments } from "../../src/workflows/experiment/ask-experiments.js";
import { openModels } from "../../src/workflows/serve/open-pool.js";
import { promoteIn } from "../../src/workflows/serve/promote.js";
import { openPredictionLog } from "../../src/workflows/watch/prediction-log.js";
import type { LooseJson } from "../fixtures/loose-json.js";
import { smallModel } from "../golden/small-model.js";

const NAME = "churn";
const folder = mkdtempSync(join(tmpdir(), "quern-loop-routes-"));
const home = join(folder, ".quern");
const manifests: Manifest[] = [];
let store: Store;
let base: string;
let close: () => Promise<void>;

beforeAll(async () => {
  store = await openStore(home, { clock, create: true });
  for (const bundle of ["one", "two"].map((name) => join(folder, name))) {
    const version = await store.models.reserveVersion(NAME);
    manifests.push((await writeBundle(bundle, { ...smallModel("binary"), name: NAME, version })).manifest);
    await store.models.register({ name: NAME, version, task: "binary", document: {}, folder: bundle });
  }
  await promoteIn(store, { model: `${NAME}@1`, reason: "first" });
  const metrics = createServingMetrics();
  const served = await openModels([], metrics.observer, { store: home, folder });
  const server = createServer(
    { port: 0 },
    {
      ...{ models: served.pool, traffic: served.traffic, store: served.store!, clock, metrics },
      ...{ logger: silentLogger, experiments: openExperiments(served.store!, home, { folder }) },
      refresh: () => served.registry!.refresh(),
    },
  );
  base = await server.listen();
  close = async () => {
    await server.close();
    await served.close();
  };
});
afterAll(async () => {
  await close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

async function ask(
  method: string,
  path: string,
  body?: object,
): Promise<{ status: number; body: LooseJson }> {
  const sent = body ? { headers: { "content-type": "application/json" }, body: JSON.stringify(body) } : {};
  const answer = await fetch(base + path, { method, ...sent });
  return { status: answer.status, body: await answer.json() };
}

/** So many people of one version ask; so many of the answers turn out right. */
async function people(version: number, count: number, right: number): Promise<void> {
  const { id } = (await store.registry.deployment(NAME))!.deployment!.experiment!;
  const manifest = manifests[version - 1]!;
  const [no, yes] = (manifest.outputs as { classes: string[] }).classes as [string, string];
  const log = openPredictionLog(monitoringSchema.parse({}).log, { folder, store: home });
  const ids = Array.from({ length: count }, (_, k) => `v${version}-${k}`);
  for (const one of ids)
    log.record({
      ...{ manifest, ids: [one], rows: [{}] },
      predictions: [{ label: yes, probabilities: { [no]: 0.2, [yes]: 0.8 } }],
      assignment: { experiment: id, subject: one },
    });
  await log.close();
  const feedback = ids.map((one, k) => ({
    id: one,
    actual: k < right * count ? yes : no,
    observedAt: clock.now(),
  }));
  await store.monitoring.addFeedback(NAME, feedback);
}

test("requirement 24: an experiment starts, is read at any time, and ends by its verdict alone", {
  timeout: 60_000,
}, async () => {
  const path = `/api/experiments/${NAME}`;
  expect((await ask("GET", "/api/experiments")).body).toEqual({ items: [] });
  const wish = { candidate: `${NAME}@2`, reason: "to see", design: { expectedUnits: 1000 } };
  const started = await ask("POST", path, wish);
  expect(experimentResultSchema.parse(started.body)).toMatchObject({ state: "running", champion: 1 });
  // Sent again, it starts nothing else.
  expect(await ask("POST", path, wish)).toMatchObject({
    status: 400,
    body: { error: { code: "CONFIG_INVALID" } },
  });
  expect((await ask("GET", "/api/experiments")).body.items).toMatchObject([
    { model: NAME, kind: "experiment", variants: [{ model: `${NAME}@1` }, { model: `${NAME}@2` }] },
  ]);
  expect((await ask("POST", `${path}/conclude`)).body).toMatchObject({
    state: "running",
    experiment: { verdict: "continue" },
  });
  await people(1, 400, 0.5);
  await people(2, 400, 0.8);
  const { body } = await ask("GET", path);
  const { goal } = experimentResultSchema.parse(body).experiment!;
  expect(goal.improvement).toBeCloseTo(0.3, 9);
  expect(goal.low!).toBeGreaterThan(0);
  expect(goal.high!).toBeGreaterThan(goal.improvement!);
  expect((await ask("POST", `${path}/conclude`)).body).toMatchObject({ state: "ended", champion: 2 });
  // The server follows before it answers.
  expect((await ask("GET", `/api/models/${NAME}`)).body.version).toBe(2);
  expect((await ask("POST", `${path}/conclude`)).body).toMatchObject({ state: "none", champion: 2 });
  const bandit = { bandit: "thompson", models: [`${NAME}@1`, `${NAME}@2`], reason: "clicks" };
  expect((await ask("POST", path, bandit)).body).toMatchObject({
    state: "running",
    bandit: { method: "thompson" },
  });
  expect((await ask("POST", `${path}/stop`, { reason: "holidays" })).body.state).toBe("ended");
  expect((await ask("POST", `${path}/stop`, { reason: "holidays" })).body.state).toBe("none");
  expect((await ask("GET", "/api/experiments/other")).status).toBe(404);
  expect((await ask("POST", path, { ...wish, share: 2 })).status).toBe(400);
});

test("requirement 23: labels are asked for, given once, or passed over", async () => {
  const path = `/api/labels/${NAME}`;
  const [no, yes] = (manifests[0]!.outputs as { classes: string[] }).classes as [string, string];
  const candidates = ["a", "b", "c"].map((id, at) => ({
    ...{ id, version: 1, reason: "uncertain" as const, score: 1, content: id, predictedAt: at },
    document: { inputs: { age: at }, prediction: `${yes} 0.51` },
  }));
  await store.labels.offer(NAME, candidates, { random: 0, uncertain: 3, novel: 0 });
  const { body } = await ask("GET", `${path}?limit=2`);
  expect(labelResultSchema.parse(body).items.map(({ id }) => id)).toEqual(["b", "c"]);
  const label = { labels: [{ id: "a", label: yes, at: 5 }] };
  expect((await ask("POST", path, label)).body.imported).toEqual({
    added: 1,
    corrected: 0,
    repeated: 0,
    queued: 1,
  });
  expect((await ask("POST", path, label)).body.imported).toMatchObject({ added: 0, repeated: 1 });
  const wrong = await ask("POST", path, {
    labels: [
      { id: "b", label: no },
      { id: "c", label: "perhaps" },
    ],
  });
  expect(wrong).toMatchObject({ status: 400, body: { error: { code: "TARGET_UNUSABLE" } } });
  expect((await ask("POST", `${path}/skip`, { ids: ["b", "unknown"] })).body.skipped).toBe(1);
  expect((await ask("POST", `${path}/skip`, { ids: ["b"] })).body).toMatchObject({
    skipped: 0,
    counts: { waiting: 1, exported: 0, labelled: 1, skipped: 1 },
  });
  // Neither offered again nor lost: a label that comes all the same counts.
  await store.labels.offer(NAME, candidates, { random: 0, uncertain: 3, novel: 0 });
  expect((await ask("GET", path)).body.items.map(({ id }: { id: string }) => id)).toEqual(["c"]);
  expect((await ask("POST", path, { labels: [{ id: "b", label: no }] })).body.counts).toMatchObject({
    labelled: 2,
    skipped: 0,
  });
  expect((await ask("GET", "/api/labels/other")).status).toBe(404);
});
