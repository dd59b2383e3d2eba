/** What explanations say of real models: exact where the structure is kept, from the bundle alone, and refused plainly. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createServer, createServingMetrics } from "../../src/entries/http/index.js";
import { systemClock } from "../../src/foundation/base/clock.js";
import { silentLogger } from "../../src/foundation/base/logger.js";
import { predictResponseSchema } from "../../src/foundation/contracts/http.js";
import type { TrainResult } from "../../src/index.js";
import { customers, without, writeLines } from "./data.js";
import { workFolder } from "./quern.js";

const quern: typeof import("../../src/index.js") = await import(
  new URL("../../dist/index.js", import.meta.url).href
);

const { folder, remove } = workFolder();
const options = { folder, store: join(folder, ".quern") };
const elsewhere = { folder, store: join(folder, "none") };
const path = (name: string): string => join(folder, name);
const FAMILIES = ["gbdt", "logistic-regression", "gaussian-naive-bayes"] as const;

const trained = new Map<string, TrainResult>();
beforeAll(async () => {
  writeLines(path("data.csv"), customers(0, 500));
  writeLines(path("rows.csv"), without(customers(500, 520), "churn"));
  for (const trainer of FAMILIES) {
    const project = {
      name: trainer,
      task: { target: "churn", positive: "Yes" },
      data: { source: "data.csv" },
      models: [trainer],
      evaluation: { learningCurve: false, resamples: 50 },
    };
    trained.set(trainer, await quern.train({ project }, options));
  }
  // The bundles must do without the store.
  for (const [trainer, { bundle }] of trained) cpSync(bundle, path(`alone/${trainer}`), { recursive: true });
});
afterAll(remove);

describe("rows", () => {
  test.each([
    ["gbdt", "tree", "log-odds"],
    ["logistic-regression", "linear", "log-odds"],
    ["gaussian-naive-bayes", "surrogate", "probability"],
  ])("of %s are explained by the method %s, from the bundle alone", async (trainer, method, space) => {
    const request = { model: `alone/${trainer}`, source: "rows.csv", rows: 5, coalitions: 64 };
    const result = await quern.explainRows(request, elsewhere);
    expect(result.basis).toMatchObject({ method, space });
    expect(result.additivity.holds).toBe(true);
    expect(result.rows).toHaveLength(5);
    expect(new Set(result.basis.columns).size).toBe(result.basis.columns.length);
    if (space === "probability") {
      for (const row of result.rows) expect(row.score).toBeCloseTo(row.prediction!, 5);
    }
    expect(await quern.explainRows(request, elsewhere)).toEqual(result);
  });

  test("speak for the other class with the sign turned", async () => {
    const request = { model: "gbdt", source: "rows.csv", rows: 2 };
    const yes = await quern.explainRows(request, options);
    const no = await quern.explainRows({ ...request, explainedClass: "No" }, options);
    expect(no.rows[0]!.class).toBe("No");
    expect(no.rows[0]!.score).toBeCloseTo(-yes.rows[0]!.score, 9);
    expect(no.rows[0]!.prediction! + yes.rows[0]!.prediction!).toBeCloseTo(1, 5);
  });

  test("go to a file, one line each", async () => {
    const result = await quern.explainRows({ model: "gbdt", source: "rows.csv", out: "out.csv" }, options);
    const lines = readFileSync(result.output!, "utf8").trim().split("\n");
    expect(lines).toHaveLength(1 + result.total);
    expect(lines[0]).toContain("contribution_");
  });

  test.each(["en", "zh"] as const)("fill a report with all that explains, in %s", async (language) => {
    const request = { model: "gbdt", source: "rows.csv", report: `${language}.html`, language };
    const { report } = await quern.explainRows(request, options);
    const page = readFileSync(report!, "utf8");
    for (const id of ["contributions", "dependence", "interactions", "counterfactuals", "rules"]) {
      expect(page).toContain(`id="${id}"`);
    }
    expect(page).toContain(language === "zh" ? "怎样看：" : "How to read this:");
    if (language === "zh") expect(page).not.toMatch(/[\u4e00-\u9fff]\.\s*</);
  });

  test.each([
    [{ explainedClass: "Yess" }, "USAGE"],
    [{ method: "linear" as const }, "UNSUPPORTED"],
    [{ out: "out.txt" }, "USAGE"],
    [{ source: "data-that-is-not-there.csv" }, "DATA_NOT_FOUND"],
  ])("are refused with %j by %s", async (change, code) => {
    const failure = await quern
      .explainRows({ model: "gbdt", source: "rows.csv", ...change }, options)
      .catch((error: unknown) => error);
    expect(quern.QuernError.is(failure) && failure.code).toBe(code);
  });
});

test("a model as a whole is explained from its bundle, and with what its training measured", async () => {
  const known = await quern.explainModel({ model: "gbdt" }, options);
  const alone = await quern.explainModel({ model: "alone/gbdt" }, elsewhere);
  expect(known.metric).toBe("auc");
  expect(alone.columns.every((column) => column.permutation === null)).toBe(true);
  const means = (columns: typeof known.columns) =>
    new Map(columns.map((column) => [column.name, column.contribution]));
  expect(means(known.columns)).toEqual(means(alone.columns));
});

test("a server explains what it predicts when asked to", async () => {
  const metrics = createServingMetrics();
  const references = FAMILIES.map((trainer) => path(`alone/${trainer}`));
  const served = await quern.openModels(references, metrics.observer, elsewhere);
  const services = { models: served.pool, clock: systemClock, logger: silentLogger, metrics };
  const server = createServer({ port: 0 }, services);
  try {
    const base = await server.listen();
    const post = async (model: string, body: unknown) => {
      const headers = { "content-type": "application/json" };
      const response = await fetch(`${base}/predict/${model}`, {
        method: "POST",
        headers,
        body: JSON.stringify(body),
      });
      return { status: response.status, body: await response.json() };
    };
    const rows = served.pool.list()[0]!.manifest.inputs.map(({ column }) => [column.name, null]);
    const row = Object.fromEntries(rows);
    for (const trainer of FAMILIES) {
      const plain = await post(trainer, { rows: [row, row] });
      const explained = await post(trainer, { rows: [row, row], explain: true });
      expect(predictResponseSchema.parse(explained.body)).toEqual(explained.body);
      const [first] = explained.body.predictions;
      // One may come from the runtime and the other from the direct way, which opens a moment later.
      for (const [label, probability] of Object.entries<number>(plain.body.predictions[0].probabilities))
        expect(first.probabilities[label]).toBeCloseTo(probability, 5);
      const { base: start, score, contributions } = first.explanation;
      const sum = Object.values<number>(contributions).reduce((total, value) => total + value, start);
      expect(sum).toBeCloseTo(score, 9);
    }
    expect((await post("gbdt", { rows: [row], explain: "yes" })).status).toBe(400);
    const many = await post("gbdt", { rows: Array.from({ length: 101 }, () => row), explain: true });
    expect(many.body.error.code).toBe("REQUEST_TOO_LARGE");
  } finally {
    await server.close();
    await served.close();
  }
});
