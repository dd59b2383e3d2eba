/** Predictions worth a label go to a queue, out to people, and come back as feedback that trains again. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { writeBundle } from "../../src/capabilities/bundles/index.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock as clock } from "../../src/foundation/base/clock.js";
import type { LabelCandidate, LabelQuery, LabelReason } from "../../src/foundation/contracts/label-queue.js";
import { monitoringSchema } from "../../src/foundation/contracts/monitoring.js";
import type { Row } from "../../src/foundation/contracts/prediction.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import { exportLabels, importLabels, listLabels } from "../../src/workflows/label/label-queue.js";
import { loadModel } from "../../src/workflows/use/load-model.js";
import { monitorModel } from "../../src/workflows/watch/monitor.js";
import { openPredictionLog } from "../../src/workflows/watch/prediction-log.js";
import { smallModel } from "../golden/small-model.js";

let folder: string;
let store: Store;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "quern-labels-"));
  store = await openStore(join(folder, ".quern"), { clock, create: true });
});
afterEach(async () => {
  await store.close();
  rmSync(folder, { recursive: true, force: true });
});

const places = { random: 2, uncertain: 3, novel: 1 };
const candidate = (
  id: string,
  score: number,
  reason: LabelReason = "uncertain",
  content = id,
): LabelCandidate => ({
  ...{ id, score, reason, content, version: 1, predictedAt: 1 },
  document: { inputs: { name: id }, prediction: "no" },
});
const waiting = async () =>
  (await store.labels.list("m", { states: ["waiting"] })).map(({ id, reason }) => `${id} ${reason}`).sort();

test("the queue is bounded: better ones push out worse ones that wait, never those that are out or labelled", async () => {
  const offer = (...candidates: LabelCandidate[]) => store.labels.offer("m", candidates, places);
  expect(await offer(candidate("a", 0.6), candidate("b", 0.7), candidate("c", 0.8))).toEqual({
    added: 3,
    removed: 0,
  });
  expect(await offer(candidate("a", 0.6), candidate("d", 0.9))).toEqual({ added: 1, removed: 1 });
  expect(await waiting()).toEqual(["b uncertain", "c uncertain", "d uncertain"]);
  await store.labels.markExported("m", ["b"]);
  await store.labels.addLabels("m", [{ id: "c", actual: "yes", observedAt: 1 }]);
  await offer(candidate("e", 0.95), candidate("f", 0.96), candidate("g", 0.97));
  expect(await waiting()).toEqual(["e uncertain", "f uncertain", "g uncertain"]);
  expect(await store.labels.counts("m")).toEqual({ waiting: 3, exported: 1, labelled: 1, skipped: 0 });
});

test("neither a prediction nor a row comes twice; what chance draws counts as drawn", async () => {
  const twice = [candidate("a", 0.9, "uncertain", "same"), candidate("b", 0.8, "uncertain", "same")];
  await store.labels.offer("m", twice, places);
  await store.labels.offer("m", [candidate("c", 0.99, "novel", "same")], places);
  expect(await waiting()).toEqual(["a uncertain"]);
  await store.labels.offer("m", [candidate("a", 0.999, "random")], places);
  expect(await waiting()).toEqual(["a random"]);
  await store.labels.addLabels("m", [{ id: "a", actual: "yes", observedAt: 1 }]);
  expect(await store.labels.chosenOnPurpose("m")).toEqual(new Set());
});

test("what is open comes from the side that is asked for, without what is answered by other ways", async () => {
  const all = Array.from({ length: 12 }, (_, k) => ({ ...candidate(`p${k}`, k / 20), predictedAt: 100 - k }));
  await store.labels.offer("m", all, { random: 0, uncertain: 12, novel: 0 });
  await store.labels.offer("other", [candidate("q", 1)], places);
  await store.labels.markExported("m", ["p1", "p2", "p3"]);
  await store.labels.skip("m", ["p2", "p4"]);
  await store.labels.addLabels("m", [{ id: "p3", actual: "yes", observedAt: 1 }]);
  await store.monitoring.addFeedback("m", [{ id: "p5", actual: "no", observedAt: 1 }]);
  await store.monitoring.addFeedback("other", [{ id: "p6", actual: "no", observedAt: 1 }]);
  const list = async (query: LabelQuery) => (await store.labels.list("m", query)).map(({ id }) => id);
  expect(await store.labels.counts("m")).toEqual({ waiting: 8, exported: 1, labelled: 1, skipped: 2 });
  expect(await store.labels.counts("none")).toEqual({ waiting: 0, exported: 0, labelled: 0, skipped: 0 });
  expect(await list({ states: ["skipped"] })).toEqual(["p4", "p2"]);
  expect(await list({ states: ["exported", "labelled"] })).toEqual(["p3", "p1"]);
  const waiting = { states: ["waiting"], unanswered: true } as const;
  expect(await list(waiting)).toEqual(["p11", "p10", "p9", "p8", "p7", "p6", "p0"]);
  expect(await list({ ...waiting, limit: 2 })).toEqual(["p11", "p10"]);
  expect(await list({ ...waiting, limit: 2, from: "newest" })).toEqual(["p6", "p0"]);
  expect(await list({})).toHaveLength(12);
  const states = (await store.labels.list("m")).map(({ state }) => state);
  expect(states.filter((state) => state === "waiting")).toHaveLength(8);
});

async function logSome(): Promise<string> {
  const name = "churn";
  const version = await store.models.reserveVersion(name);
  const bundle = join(folder, "bundle");
  await writeBundle(bundle, { ...smallModel("binary"), name, version });
  await store.models.register({
    name,
    version,
    task: "binary",
    document: { target: "leaves" },
    folder: bundle,
  });
  const model = await loadModel(name, { folder, store: join(folder, ".quern") });
  const rows: Row[] = Array.from({ length: 40 }, (_, row) => ({
    ...{ age: 20 + row, balance: row, member: "yes", city: "=1+1" },
    ...{ since: "2020-01-02", label: "good", place: [1, 2] },
  }));
  const log = openPredictionLog(monitoringSchema.parse({}).log, { folder, store: join(folder, ".quern") });
  const predictions = await model.predict(rows);
  log.record({ manifest: model.manifest, ids: rows.map((_, row) => `p${row}`), rows, predictions });
  await log.close();
  const [yes, no] = Object.keys((predictions[0] as { probabilities: object }).probabilities);
  const lines = rows.map(
    ({ age, balance, member, city, since, label }) =>
      `${age},${balance},${member},${city},${since},${label},"[1,2]"`,
  );
  writeFileSync(
    join(folder, "reference.csv"),
    `age,balance,member,city,since,label,place\n${lines.join("\n")}\n`,
  );
  await model.close();
  return `${yes} ${no}`;
}

test("monitor fills the queue, a labelling tool gets it (requirement 7: without formulas), labels come back once and do not judge the model", async () => {
  const [first] = (await logSome()).split(" ");
  const options = { folder, store: join(folder, ".quern") };
  const settings = monitoringSchema.parse({
    labels: { capacity: 20, leastUncertainty: 0 },
    minimumLabels: 10,
  });
  const request = { model: "churn", settings, reference: "reference.csv" };
  const observed = await monitorModel(request, options);
  expect(observed.queue).toEqual({ added: 15, removed: 0, waiting: 15 });
  expect((await monitorModel(request, options)).queue).toMatchObject({ added: 0, removed: 0 });
  expect((await listLabels({ model: "churn" }, options)).items).toHaveLength(15);

  const { exported } = await exportLabels({ model: "churn", out: "to-label.csv" }, options);
  expect(exported).toEqual({ path: join(folder, "to-label.csv"), rows: 15 });
  const lines = readFileSync(exported!.path, "utf8").trimEnd().split("\n");
  expect(lines[0]).toBe("id,label,prediction,reason,age,balance,member,city,since,input_label,place");
  // Nothing in it is a formula for a spreadsheet.
  expect(lines[1]).toContain("'=1+1");
  expect((await exportLabels({ model: "churn", out: "none.jsonl" }, options)).exported).toMatchObject({
    rows: 0,
  });
  const again = await exportLabels({ model: "churn", out: "again.jsonl", again: true, limit: 4 }, options);
  const [item] = readFileSync(again.exported!.path, "utf8").split("\n");
  expect(JSON.parse(item!)).toMatchObject({ label: null, inputs: { city: "=1+1" } });

  const ids = lines.slice(1).map((line) => line.split(",")[0]);
  const labelled = (label: string) =>
    `id,label\n${ids.map((id) => `${id},${label}`).join("\n")}\nelsewhere,${first}\n`;
  writeFileSync(join(folder, "wrong.csv"), labelled("perhaps"));
  const wrong = importLabels({ model: "churn", source: "wrong.csv" }, options);
  await expect(wrong).rejects.toMatchObject({ code: "TARGET_UNUSABLE" });
  expect(await store.monitoring.feedbackRows("churn")).toBe(0);
  writeFileSync(join(folder, "labelled.csv"), labelled(first!));
  const done = await importLabels({ model: "churn", source: "labelled.csv" }, options);
  expect(done.imported).toEqual({ added: 16, corrected: 0, repeated: 0, queued: 15 });
  const repeated = await importLabels({ model: "churn", source: "labelled.csv" }, options);
  expect(repeated.imported).toMatchObject({ added: 0, repeated: 16 });
  expect(repeated.counts).toEqual({ waiting: 0, exported: 0, labelled: 15, skipped: 0 });
  expect(await store.monitoring.feedbackRows("churn")).toBe(16);
  // 5 of 15 were drawn by chance: too few to judge by, whatever the others say.
  expect(await store.labels.chosenOnPurpose("churn")).toHaveProperty("size", 10);
  expect((await monitorModel(request, options)).performance).toBeNull();
});
