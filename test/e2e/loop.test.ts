/** The loop from answers to the next model: log, labels, alarms, candidate, gate, promotion or rejection. */
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { monitoringSchema, monitorResultSchema } from "../../src/foundation/contracts/monitoring.js";
import type { AlertRecord } from "../../src/foundation/contracts/monitoring-store.js";
import { retrainResultSchema, retrainSchema } from "../../src/foundation/contracts/retrain.js";
import { retrainModel } from "../../src/workflows/retrain/retrain.js";
import { train } from "../../src/workflows/train/train.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { monitorModel } from "../../src/workflows/watch/monitor.js";
import { openPredictionLog } from "../../src/workflows/watch/prediction-log.js";
import { customers, customersCsv, type World } from "../fixtures/churn-world.js";

const folder = mkdtempSync(join(tmpdir(), "quern-loop-"));
const store = join(folder, ".quern");
const options = { folder, store, threads: 1 };
const monitoring = monitoringSchema.parse({ window: "1h", groups: ["plan"] });
const policy = retrainSchema.parse({});

/** What a server does with each answer, and what the world says of it later. */
async function serve(rows: number, seed: string, world: World, labelled = true): Promise<void> {
  const model = await loadModel("churn", options);
  const log = openPredictionLog(monitoring.log, options);
  const asked = customers(rows, seed, world);
  const requests = asked.map(({ row }) => ({ ...row }));
  const predictions = await model.predict(requests);
  const ids = asked.map((_, index) => `${seed}/${index}`);
  log.record({ manifest: model.manifest, ids, rows: requests, predictions });
  await log.close();
  await model.close();
  if (!labelled) return;
  const lines = asked.map(({ churned }, index) => `${ids[index]},${churned}`);
  writeFileSync(join(folder, `${seed}.csv`), `id,actual\n${lines.join("\n")}\n`);
}

beforeAll(async () => {
  writeFileSync(join(folder, "train.csv"), customersCsv(customers(1500, "training")));
  const project = {
    name: "churn",
    task: { target: "churned" },
    data: { source: "train.csv" },
    models: ["logistic-regression"],
    ensemble: { kind: "none" as const },
  };
  await train({ project }, options);
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.sequential("the loop", () => {
  test("without change nothing is told and nothing trained", async () => {
    await serve(600, "calm", {});
    const labels = "calm.csv";
    const result = await monitorModel({ model: "churn", settings: monitoring, labels }, options);
    expect(monitorResultSchema.parse(result)).toEqual(result);
    expect(result).toMatchObject({
      alerts: [],
      feedback: { added: 600 },
      window: { source: "log", rows: 600 },
      performance: { labelled: 600, coverage: 1 },
      estimated: { method: "calibrated-probabilities", validity: { verdict: "agrees" } },
    });
    expect(result.groups.map(({ group }) => group).toSorted()).toEqual(["basic", "plus", "pro"]);
    const [gap] = result.cohorts.at(-1)!.gaps;
    expect(gap).toMatchObject({ column: "plan", highest: "basic" });
    expect(gap!.low).toBeGreaterThan(0);
    const again = await monitorModel({ model: "churn", settings: monitoring, labels }, options);
    expect(again.feedback).toEqual({
      ...{ added: 0, corrected: 0, repeated: 600 },
      ...{ refused: [], unknownClasses: [] },
    });
    const skipped = await retrainModel({ model: "churn", policy, monitoring }, options);
    expect(skipped).toMatchObject({ verdict: "skipped", candidate: null, triggers: [] });
  }, 60_000);

  test("drift and a changed rule raise alerts once; a better candidate passes the gate and is promoted", async () => {
    await serve(3000, "changed", { older: 4, ageEffect: -1 });
    const told: AlertRecord[] = [];
    const notifiers = [
      {
        name: "test",
        notify: async (alerts: readonly AlertRecord[]) => void told.push(...alerts),
      },
    ];
    const report = "report.html";
    const request = { model: "churn", settings: monitoring, labels: "changed.csv", report, notifiers };
    const result = await monitorModel({ ...request, language: "zh" }, options);
    expect(result.alerts.map(({ key }) => key)).toEqual(
      expect.arrayContaining(["performance/auc", "estimate-contradicted", "drift/input"]),
    );
    expect(told).toHaveLength(result.alerts.length);
    expect(readFileSync(join(folder, report), "utf8")).toMatch(
      /监控报告：churn.*掷硬币是 50%。训练时：.*接下来做什么/s,
    );
    await monitorModel({ ...request, language: "en" }, options);
    expect(told).toHaveLength(result.alerts.length);

    const retrained = await retrainModel({ model: "churn", policy, monitoring }, options);
    expect(retrainResultSchema.parse(retrained)).toEqual(retrained);
    expect(retrained).toMatchObject({ verdict: "promoted", champion: 1, candidate: 2 });
    expect(retrained.triggers.map(({ trigger }) => trigger)).toContain("performance");
    expect(retrained.comparison!.low).toBeGreaterThan(0);
    const opened = await openStore(store, { clock: systemClock, create: false });
    expect(await opened.models.get("churn")).toMatchObject({ version: 2 });
    expect((await opened.models.aliasHistory("churn")).at(-1)).toMatchObject({ from: 1, to: 2 });
    const [decision] = await opened.monitoring.decisions("churn");
    expect(decision).toMatchObject({ kind: "retrain", verdict: "promoted", evidence: { candidate: 2 } });
    await opened.close();
  }, 120_000);

  test("a candidate that brings nothing is rejected, and the champion stays", async () => {
    await serve(600, "lawless", { lawless: true });
    await monitorModel({ model: "churn", settings: monitoring, labels: "lawless.csv" }, options);
    const result = await retrainModel({ model: "churn", policy, monitoring, reason: "to see" }, options);
    expect(result).toMatchObject({
      verdict: "rejected",
      champion: 2,
      candidate: 3,
      triggers: [{ trigger: "manual", reason: "to see" }],
    });
    const opened = await openStore(store, { clock: systemClock, create: false });
    expect(await opened.models.get("churn")).toMatchObject({ version: 2 });
    expect((await opened.monitoring.decisions("churn")).map(({ verdict }) => verdict)).toEqual([
      "rejected",
      "promoted",
    ]);
    expect(await opened.doctor()).not.toContainEqual(expect.objectContaining({ ok: false }));
    await opened.close();
    expect(existsSync(join(store, "predictions"))).toBe(true);
  }, 120_000);
});
