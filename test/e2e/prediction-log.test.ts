import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readPredictions } from "../../src/capabilities/monitoring/prediction-log/read-log.js";
import { sealJournals } from "../../src/capabilities/monitoring/prediction-log/segments.js";
import { createPredictionLog } from "../../src/capabilities/monitoring/prediction-log/write-log.js";
import { openStore } from "../../src/capabilities/stores/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { createJournal, listJournals, readJournal } from "../../src/foundation/base/journal.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import type { Prediction, Row } from "../../src/foundation/contracts/prediction.js";
import { predictionLogSchema } from "../../src/foundation/contracts/prediction-log.js";
import type { Store } from "../../src/foundation/contracts/store.js";
import { madeManifest } from "../fixtures/manifest.js";

const manifest = madeManifest([
  { name: "age", kind: "number", reason: "", precision: "float32", format: { decimal: ",", strip: "." } },
  { name: "Plan", kind: "category", reason: "", numericCategory: true },
  { name: "plan", kind: "category", reason: "" },
  { name: "since", kind: "datetime", reason: "", format: { datetime: "%d.%m.%Y" } },
  { name: "active", kind: "boolean", reason: "", format: { trueText: ["ja"], falseText: ["nein"] } },
  { name: "words", kind: "text", reason: "" },
  { name: "where", kind: "vector", reason: "", format: { width: 2 } },
]);

let root: string;
let store: Store;
beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "quern-log-"));
  store = await openStore(join(root, "store"), { clock: systemClock, create: true });
});
afterEach(async () => {
  await store.close();
  rmSync(root, { recursive: true, force: true });
});

const journals = () => join(root, "journals");
const openLog = (settings: object = {}) =>
  createPredictionLog({
    folder: journals(),
    settings: predictionLogSchema.parse(settings),
    hashKey: () => "secret",
    clock: systemClock,
    logger: silentLogger,
  });
const readAll = (query: { readonly maximumRows?: number } = {}) =>
  readPredictions(
    { manifest, from: 0, to: Number.POSITIVE_INFINITY, ...query },
    { folder: journals(), blobs: store.blobs, monitoring: store.monitoring, threads: 1 },
  );
const seal = () =>
  sealJournals({ folder: journals(), blobs: store.blobs, monitoring: store.monitoring, threads: 1 });
const yes = (share: number): Prediction => ({
  label: share > 0.5 ? "yes" : "no",
  probabilities: { yes: share, no: 1 - share },
});
const rows: Row[] = [
  {
    ...{ age: "1.234,5", Plan: "3.0", plan: "basic", since: "05.03.2024", active: "ja" },
    ...{ words: 'a\n"b" ☃', where: [1.5, -2], other: "not an input" },
  },
  { age: null, Plan: 4, plan: "", since: null, active: false, words: "", where: null },
];

test("what the model saw reads back as it saw it, sealed or not, also where names differ by case alone", async () => {
  const log = openLog();
  log.record({ manifest, ids: ["a", "b"], rows, predictions: [yes(0.75), yes(0.25)] });
  await log.flush();
  expect(log.counts()).toEqual({ written: 2, skipped: 0, dropped: 0, waiting: 0 });
  const live = await readAll();
  await log.close();
  expect(await seal()).toEqual({ rows: 2, segments: 1, damaged: 0 });
  expect(await seal()).toEqual({ rows: 0, segments: 0, damaged: 0 });
  expect(readdirSync(journals())).toEqual([]);
  const sealed = await readAll();
  expect(sealed).toEqual(live);
  expect(sealed.ids).toEqual(["a", "b"]);
  expect(Array.from(sealed.predictions.values)).toEqual([0.25, 0.75, 0.75, 0.25]);
  const column = (name: string) => sealed.inputs.columns.get(name)!;
  expect(column("age")).toEqual({ kind: "number", values: Float32Array.of(1234.5, Number.NaN) });
  expect(column("Plan")).toMatchObject({ dictionary: ["3", "4"], codes: Int32Array.of(0, 1) });
  expect(column("plan")).toMatchObject({ dictionary: ["basic"], codes: Int32Array.of(0, -1) });
  expect(column("since")).toEqual({
    kind: "datetime",
    values: Float64Array.of(Date.UTC(2024, 2, 5), Number.NaN),
  });
  expect(column("active")).toEqual({ kind: "boolean", values: Float32Array.of(1, 0) });
  expect(column("words")).toEqual({ kind: "text", values: ['a\n"b" ☃', ""] });
  expect(column("where")).toMatchObject({ values: Float32Array.of(1.5, -2, Number.NaN, Number.NaN) });
  expect([...sealed.inputs.columns.keys()]).not.toContain("other");
});

test("redacted columns leave no trace, hashed ones only whether values are equal", async () => {
  const log = openLog({ columns: { words: "drop", plan: "hash" } });
  log.record({ manifest, ids: ["a", "b"], rows, predictions: [yes(0.75), yes(0.25)] });
  await log.close();
  const [journal] = listJournals(journals());
  const text = JSON.stringify(readJournal(journal!.path).records);
  expect(text).not.toContain("☃");
  expect(text).not.toContain("basic");
  await seal();
  const window = await readAll();
  expect(window.redacted.toSorted()).toEqual(["plan", "words"]);
  expect([...window.inputs.columns.keys()]).not.toContain("plan");
});

test("sampling goes by the id; a full queue drops, counts and never throws", async () => {
  const ids = Array.from({ length: 1000 }, (_, index) => `row ${index}`);
  const many = ids.map(() => rows[1]!);
  const predictions = ids.map(() => yes(0.5));
  const half = openLog({ sample: 0.5 });
  half.record({ manifest, ids, rows: many, predictions });
  await half.close();
  const { written, skipped } = half.counts();
  expect(written + skipped).toBe(1000);
  expect(Math.abs(written - 500)).toBeLessThan(60);
  const narrow = openLog({ queueRows: 10 });
  narrow.record({ manifest, ids, rows: many, predictions });
  await narrow.close();
  expect(narrow.counts()).toEqual({ written: 10, skipped: 0, dropped: 990, waiting: 0 });
  narrow.record({ manifest, ids, rows: many, predictions });
  expect(narrow.counts().dropped).toBe(1990);
});

test("a torn or damaged line costs itself alone, and a full journal makes room for the next", async () => {
  const log = openLog({ segmentRows: 1 });
  for (const id of ["a", "b", "c"]) {
    log.record({ manifest, ids: [id], rows: [rows[0]!], predictions: [yes(0.9)] });
    await log.flush();
  }
  await log.close();
  const [first, second, third] = listJournals(journals());
  expect(third).toMatchObject({ live: false });
  appendFileSync(first!.path, '00000000 {"id":"x"}\n');
  appendFileSync(second!.path, "deadbeef {");
  expect((await readAll()).ids.toSorted()).toEqual(["a", "b", "c"]);
  expect(await seal()).toEqual({ rows: 3, segments: 3, damaged: 2 });
  expect((await readAll()).ids.toSorted()).toEqual(["a", "b", "c"]);
});

test("requirement 10: a disk that refuses costs logged rows, not answers; once it takes them again they are kept", async () => {
  const obstacle = join(root, "obstacle");
  writeFileSync(obstacle, "");
  const blocked = createPredictionLog({
    folder: join(obstacle, "journals"),
    settings: predictionLogSchema.parse({}),
    hashKey: () => "",
    clock: systemClock,
    logger: silentLogger,
  });
  blocked.record({ manifest, ids: ["a"], rows: [rows[0]!], predictions: [yes(0.9)] });
  await blocked.flush();
  expect(blocked.counts()).toEqual({ written: 0, skipped: 0, dropped: 1, waiting: 0 });
  rmSync(obstacle);
  blocked.record({ manifest, ids: ["b"], rows: [rows[0]!], predictions: [yes(0.9)] });
  await blocked.close();
  expect(blocked.counts()).toEqual({ written: 1, skipped: 0, dropped: 1, waiting: 0 });
});

test("a journal that its process still writes to is read, not sealed", async () => {
  const journal = await createJournal(journals());
  await journal.append([{ id: "not a prediction" }]);
  expect(await seal()).toEqual({ rows: 0, segments: 0, damaged: 0 });
  await journal.close();
  expect(await seal()).toEqual({ rows: 0, segments: 0, damaged: 1 });
});

test("a journal that is closed after it was listed is read by the name it has now", async () => {
  const log = openLog();
  log.record({ manifest, ids: ["a"], rows: [rows[0]!], predictions: [yes(0.9)] });
  await log.flush();
  const [listed] = listJournals(journals());
  await log.close();
  expect(readJournal(listed!.path).records).toHaveLength(1);
});

test("newer rows of shadows do not take the place of those that were asked for", async () => {
  const log = openLog({ segmentRows: 1 });
  for (const [place, role] of [...Array(2).fill("live"), ...Array(5).fill("shadow")].entries()) {
    log.record({ manifest, ids: [`${role} ${place}`], rows: [rows[0]!], predictions: [yes(0.9)], role });
    await log.flush();
  }
  await log.close();
  await seal();
  expect((await readAll({ maximumRows: 2 })).ids).toEqual(["live 0", "live 1"]);
  expect((await readAll({ maximumRows: 1 })).ids).toEqual(["live 1"]);
});
