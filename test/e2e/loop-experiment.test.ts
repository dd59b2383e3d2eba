/**
 * The whole loop behind a real server: drift is injected and found, a candidate is trained, gated, shadowed, put to an
 * experiment and promoted; in a second round the experiment ends in its rejection. Time is moved, never waited for.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../src/capabilities/stores/index.js";
import { createServer, type QuernServer } from "../../src/entries/http/index.js";
import type { Clock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import { experimentResultSchema } from "../../src/foundation/contracts/experiment.js";
import { monitoringSchema } from "../../src/foundation/contracts/monitoring.js";
import { retrainResultSchema, retrainSchema } from "../../src/foundation/contracts/retrain.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import { experimentStatus } from "../../src/workflows/experiment/run-experiment.js";
import { retrainModel } from "../../src/workflows/retrain/retrain.js";
import { openModels, type ServedModels } from "../../src/workflows/serve/open-pool.js";
import { train } from "../../src/workflows/train/train.js";
import { monitorModel } from "../../src/workflows/watch/monitor.js";
import { openPredictionLog } from "../../src/workflows/watch/prediction-log.js";
import { customers, customersCsv, type World } from "../fixtures/churn-world.js";

const HOUR_MS = 3_600_000;
let aheadMs = 0;
const clock: Clock = { now: () => Date.now() + aheadMs, elapsed: () => performance.now() };
const advance = (hours: number): void => {
  aheadMs += hours * HOUR_MS;
};

const folder = mkdtempSync(join(tmpdir(), "quern-loop-experiment-"));
const options = { folder, store: join(folder, ".quern"), threads: 1, clock };
const monitoring = monitoringSchema.parse({ window: "6h", log: { columns: { use: "hash" } } });
const policy = retrainSchema.parse({
  ...{ data: "labelled", window: "6h", shadow: { rows: 50 } },
  experiment: {
    minimumEffect: 0.02,
    expectedUnits: 400,
    shortest: "1h",
    guards: [{ outcome: "log-loss", harm: 0.2 }],
  },
});

let store: Store;
let served: ServedModels;
let server: QuernServer;
let address: string;
const log = openPredictionLog(monitoring.log, options);

beforeAll(async () => {
  writeFileSync(join(folder, "train.csv"), customersCsv(customers(1200, "training")));
  const project = {
    name: "churn",
    task: { target: "churned" },
    data: { source: "train.csv", ignore: ["use"] },
    models: ["logistic-regression"],
    ensemble: { kind: "none" as const },
  };
  await train({ project }, options);
  store = await openStore(options.store, { clock, create: false });
  served = await openModels(["churn"], {}, options);
  server = createServer(
    { port: 0 },
    {
      ...{ models: served.pool, traffic: served.traffic, clock, logger: silentLogger, store },
      ...{ predictions: log, refresh: () => served.registry!.refresh() },
    },
  );
  address = await server.listen();
}, 120_000);
afterAll(async () => {
  await server.close();
  await served.close();
  await log.close();
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const post = (path: string, body: unknown, headers: Record<string, string> = {}) =>
  fetch(`${address}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });

/** People ask, each a few times, and what became of them is told. @returns how often each version answered */
async function live(people: number, seed: string, world: World): Promise<Map<number, number>> {
  const asked = customers(people, seed, world);
  const versions = new Map<number, number>();
  for (let start = 0; start < asked.length; start += 50) {
    const group = asked.slice(start, start + 50);
    await Promise.all(
      group.map(async ({ row }, index) => {
        const person = `${seed} ${start + index}`;
        const answer = await post("/predict/churn", { rows: [row], id: person }, { "quern-subject": person });
        expect(answer.status).toBe(200);
        const { version } = (await answer.json()) as { version: number };
        versions.set(version, (versions.get(version) ?? 0) + 1);
      }),
    );
  }
  // Shadows answer after the answer.
  await new Promise((resolve) => setImmediate(resolve));
  await log.flush();
  const feedback = asked.map(({ churned }, index) => ({
    id: `${seed} ${index}`,
    actual: churned,
    at: clock.now(),
  }));
  expect((await post("/feedback/churn", { feedback })).status).toBe(200);
  return versions;
}

const retrain = async () => {
  const result = await retrainModel({ model: "churn", policy, monitoring }, options);
  expect(retrainResultSchema.parse(result)).toEqual(result);
  await served.registry!.refresh();
  return result;
};
const verdicts = async () =>
  (await store.monitoring.decisions("churn")).map(({ kind, verdict }) => `${kind} ${verdict}`);
const OLD_RULE: World = {};
const NEW_RULE: World = { older: 5, ageEffect: -1 };

describe.sequential("from drift to a new champion", () => {
  test("without drift nothing is trained", async () => {
    await live(300, "calm", OLD_RULE);
    expect(await retrain()).toMatchObject({ verdict: "skipped", triggers: [] });
  }, 60_000);

  test("drift is found, a candidate is better on fresh rows and answers unseen", async () => {
    advance(7);
    const versions = await live(900, "changed", NEW_RULE);
    expect([...versions.keys()]).toEqual([1]);
    const observed = await monitorModel({ model: "churn", settings: monitoring }, options);
    expect(observed.alerts.map(({ key }) => key)).toEqual(
      expect.arrayContaining(["drift/input", "performance/auc"]),
    );
    const result = await retrain();
    expect(result).toMatchObject({ verdict: "shadowing", champion: 1, candidate: 2 });
    expect(result.comparison!.low).toBeGreaterThan(0);
    expect((await store.registry.deployment("churn"))!.deployment).toMatchObject({ shadows: ["churn@2"] });
    expect((await store.models.get("churn@challenger")).version).toBe(2);
  }, 120_000);

  test("after enough rows the shadow is put to an experiment", async () => {
    advance(1);
    expect(await retrain()).toMatchObject({ verdict: "shadowing", shadow: { rows: 0 } });
    expect([...(await live(200, "shadowed", NEW_RULE)).keys()]).toEqual([1]);
    const result = await retrain();
    expect(result).toMatchObject({ verdict: "experimenting", candidate: 2 });
    // A shadow that has enough to do is left out.
    expect(result.shadow!.rows).toBeGreaterThanOrEqual(50);
    expect(result.shadow!.comparison!.verdict).toBe("better");
  }, 60_000);

  test("the experiment waits for its shortest time, then promotes what is better", async () => {
    const versions = await live(400, "people", NEW_RULE);
    for (const version of [1, 2]) expect(versions.get(version)! / 400).toBeGreaterThan(0.4);
    expect((await retrain()).verdict).toBe("experimenting");
    const status = await experimentStatus("churn", options);
    expect(experimentResultSchema.parse(status)).toEqual(status);
    expect(status.experiment).toMatchObject({ verdict: "continue", arms: [{ version: 1 }, { version: 2 }] });
    expect(status.experiment!.goal.low).toBeGreaterThan(0);
    advance(2);
    const result = await retrain();
    expect(result).toMatchObject({ verdict: "promoted", candidate: 2, experiment: { verdict: "launch" } });
    expect((await store.models.get("churn@champion")).version).toBe(2);
    expect((await store.registry.deployment("churn"))!.deployment).toBeNull();
    expect([...(await live(20, "after", NEW_RULE)).keys()]).toEqual([2]);
    expect(await verdicts()).toEqual([
      ...["experiment launch", "retrain promoted"],
      ...["retrain experimenting", "retrain shadowing"],
    ]);
  }, 60_000);
});

describe.sequential("a second round", () => {
  test("a candidate that is worse where people use it is rejected, and the champion stays", async () => {
    advance(7);
    await live(900, "back", OLD_RULE);
    expect(await retrain()).toMatchObject({ verdict: "shadowing", champion: 2, candidate: 3 });
    await live(200, "back shadowed", OLD_RULE);
    expect(await retrain()).toMatchObject({ verdict: "experimenting", candidate: 3 });
    await live(400, "people again", NEW_RULE);
    const result = await retrain();
    expect(result).toMatchObject({ verdict: "rejected", candidate: 3, experiment: { verdict: "stop" } });
    expect(result.experiment!.goal.high).toBeLessThan(0);
    expect((await store.models.get("churn@champion")).version).toBe(2);
    expect([...(await live(20, "at the end", NEW_RULE)).keys()]).toEqual([2]);
    const [rejection] = await store.monitoring.decisions("churn");
    expect(rejection).toMatchObject({
      ...{ kind: "retrain", verdict: "rejected" },
      evidence: { candidate: 3, champion: 2, experiment: { verdict: "stop" } },
    });
    expect((await store.doctor()).filter(({ ok }) => !ok)).toEqual([]);
  }, 120_000);
});
