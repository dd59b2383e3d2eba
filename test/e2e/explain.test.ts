/** What explanations say of real models: exact where the structure is kept, from the bundle alone, and refused plainly. */
import { cpSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
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
    ["gaussian-naive-bayes", "permutation", "probability"],
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
