/** Experiments and bandits over a store: how they start, what they say, how they end. Their log and feedback are made. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import type { Clock } from "../../src/foundation/base/clock.js";
import type { Manifest } from "../../src/foundation/contracts/bundle.js";
import { experimentDesignSchema, experimentResultSchema } from "../../src/foundation/contracts/experiment.js";
import { monitoringSchema } from "../../src/foundation/contracts/monitoring.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import {
  experimentStatus,
  startBandit,
  startExperiment,
  stopExperiment,
  updateExperiment,
} from "../../src/workflows/experiment/run-experiment.js";
import { promoteIn } from "../../src/workflows/serve/promote.js";
import { openPredictionLog } from "../../src/workflows/watch/prediction-log.js";
import { smallModel } from "../golden/small-model.js";

const NAME = "churn";
let folder: string;
let store: Store;
let now = 1_700_000_000_000;
const clock: Clock = { now: () => now, elapsed: () => performance.now() };
const options = () => ({ folder, store: join(folder, ".quern"), clock });
const manifests = new Map<number, Manifest>();

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quern-experiment-"));
  store = await openStore(join(folder, ".quern"), { clock, create: true });
  for (const _ of [1, 2]) {
    const version = await store.models.reserveVersion(NAME);
    const bundle = join(folder, `bundle-${version}`);
    const { manifest } = await writeBundle(bundle, { ...smallModel("binary"), name: NAME, version });
    manifests.set(version, manifest);
    await store.models.register({ name: NAME, version, task: "binary", document: {}, folder: bundle });
  }
  await promoteIn(store, { model: `${NAME}@1`, reason: "first" });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const classes = () => (manifests.get(1)!.outputs as { classes: readonly string[] }).classes;
let asked = 0;

/** People of one arm ask; so many of the answers turn out right. `labelled`: of how many the truth is known. */
async function people(version: number, count: number, right: number, labelled = count): Promise<void> {
  const experiment = (await store.registry.deployment(NAME))!.deployment!;
  const id = (experiment.experiment ?? experiment.bandit)!.id;
  const [no, yes] = classes() as [string, string];
  const log = openPredictionLog(monitoringSchema.parse({}).log, options());
  const ids = Array.from({ length: count }, () => `p${asked++}`);
  for (const one of ids)
    log.record({
      ...{ manifest: manifests.get(version)!, ids: [one], rows: [{}] },
      predictions: [{ label: yes, probabilities: { [no]: 0.2, [yes]: 0.8 } }],
      assignment: { experiment: id, subject: one },
    });
  await log.close();
  const feedback = ids.slice(0, labelled).map((one, index) => {
    return { id: one, actual: index < right * labelled ? yes : no, observedAt: now };
  });
  await store.monitoring.addFeedback(NAME, feedback);
}
const start = (design: object = {}) =>
  startExperiment(
    { name: NAME, candidate: `${NAME}@2`, design: experimentDesignSchema.parse(design), reason: "to see" },
    options(),
  );
const decisions = async () => (await store.monitoring.decisions(NAME)).map(({ verdict }) => verdict);

test("a clear improvement is launched through the gates; everything is recorded", async () => {
  const started = await start({ expectedUnits: 1000 });
  expect(experimentResultSchema.parse(started)).toEqual(started);
  expect(started).toMatchObject({
    state: "running",
    champion: 1,
    plan: null,
    experiment: { verdict: "continue" },
  });
  await expect(start()).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  await people(1, 500, 0.6);
  await people(2, 500, 0.8);
  now += 86_400_000;
  const status = await experimentStatus(NAME, options());
  expect(status.experiment).toMatchObject({
    arms: [
      { units: 500, labelledUnits: 500, mean: 0.6 },
      { units: 500, mean: 0.8 },
    ],
    ...{ verdict: "launch", sampleRatio: 1, labelRatio: 1 },
  });
  // Planned with the champion's scatter, 0.6 x 0.4, at 1000 people a day.
  expect(status.experiment!.expected!.days).toBeCloseTo(status.experiment!.expected!.units / 1000, 6);
  const ended = await updateExperiment(NAME, options());
  expect(ended).toMatchObject({ state: "ended", champion: 2, experiment: { verdict: "launch" } });
  expect((await store.registry.deployment(NAME))!.deployment).toBeNull();
  const [decision] = await store.monitoring.decisions(NAME);
  expect(decision).toMatchObject({
    kind: "experiment",
    verdict: "launch",
    evidence: { goal: { outcome: "correct" } },
  });
  expect(await experimentStatus(NAME, options())).toMatchObject({ state: "none", experiment: null });
});

test("requirement 24: shares that are not as planned, or labels for one version only, block every verdict", async () => {
  await start();
  await people(1, 600, 0.5);
  await people(2, 400, 0.9);
  const status = await experimentStatus(NAME, options());
  expect(status.experiment!.sampleRatio).toBeCloseTo(2.5e-10, 11);
  expect(status.experiment!.verdict).toBe("blocked");
  expect(await updateExperiment(NAME, options())).toMatchObject({ state: "ended", champion: 1 });
  expect(await decisions()).toEqual(["blocked"]);

  await start();
  await people(1, 500, 0.5, 500);
  await people(2, 500, 0.9, 300);
  const { experiment } = await experimentStatus(NAME, options());
  expect(experiment).toMatchObject({ verdict: "blocked", sampleRatio: 1 });
  expect(experiment!.labelRatio).toBeLessThan(0.001);
});

test("what is not clear is given up at its end; what was chosen to be labelled says nothing", async () => {
  await start({ longest: "2d", guards: [{ outcome: "log-loss", harm: 0.1 }] });
  await people(1, 100, 0.6);
  await people(2, 100, 0.6);
  await store.labels.offer(
    NAME,
    [
      {
        ...{
          id: `p${asked - 1}`,
          version: 2,
          reason: "uncertain",
          score: 1,
          content: "x",
          document: {},
          predictedAt: now,
        },
      },
    ],
    { random: 0, uncertain: 1, novel: 0 },
  );
  await store.labels.addLabels(NAME, [{ id: `p${asked - 1}`, actual: classes()[0]!, observedAt: now }]);
  now += 86_400_000;
  const status = await updateExperiment(NAME, options());
  expect(status).toMatchObject({
    state: "running",
    experiment: { verdict: "continue", arms: [{}, { labelledUnits: 99 }] },
  });
  now += 86_400_000;
  expect(await updateExperiment(NAME, options())).toMatchObject({
    state: "ended",
    experiment: { verdict: "inconclusive" },
  });
  await start();
  expect(await stopExperiment({ name: NAME, reason: "holidays" }, options())).toMatchObject({
    state: "ended",
    champion: 1,
  });
  expect(await decisions()).toEqual(["stopped", "inconclusive"]);
});

test("what cannot be compared is refused before any traffic moves", async () => {
  await expect(start({ goal: { outcome: "squared-error" } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  await expect(start({ goal: { outcome: "actual", class: "?" } })).rejects.toMatchObject({
    code: "CONFIG_INVALID",
  });
  const itself = startExperiment({ name: NAME, candidate: `${NAME}@1`, reason: "?" }, options());
  await expect(itself).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  expect(await store.registry.deployment(NAME)).toBeUndefined();
});

test.each(["thompson", "epsilon-greedy"] as const)(
  "a bandit by %s follows success and launches nothing",
  async (method) => {
    const request = {
      name: NAME,
      models: [`${NAME}@1`, `${NAME}@2`],
      method,
      leastShare: 0.05,
      reason: "clicks",
    };
    expect((await startBandit(request, options())).bandit!.arms.map(({ share }) => share)).toEqual([
      0.5, 0.5,
    ]);
    await people(1, 200, 0.3);
    await people(2, 200, 0.6);
    const { bandit, champion } = await updateExperiment(NAME, options());
    expect(bandit!.arms).toMatchObject([
      { successes: 60, failures: 140 },
      { successes: 120, failures: 80 },
    ]);
    expect(champion).toBe(1);
    await people(2, 100, 0.1);
    // Its figures begin with the first deployment, not with the last change of shares.
    expect((await experimentStatus(NAME, options())).bandit!.arms[1]).toMatchObject({
      successes: 130,
      failures: 170,
    });
    await stopExperiment({ name: NAME, reason: "enough" }, options());
    expect((await store.models.get(NAME)).version).toBe(1);
  },
);
