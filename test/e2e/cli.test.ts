/** Every verb's result against its contract, on one model trained once. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { manifestSchema } from "../../src/foundation/contracts/bundle.js";
import { datasetComparisonSchema, datasetDocumentSchema } from "../../src/foundation/contracts/dataset.js";
import { evaluateResultSchema } from "../../src/foundation/contracts/evaluation.js";
import { profileSchema } from "../../src/foundation/contracts/profile.js";
import { trainResultSchema } from "../../src/foundation/contracts/run.js";
import {
  datasetSummarySchema,
  modelSummarySchema,
  runSummarySchema,
  storeCheckSchema,
} from "../../src/foundation/contracts/store.js";
import { cellsOf, customers, without, writeLines } from "./data.js";
import { type Outcome, quern, workFolder } from "./quern.js";

const { folder, remove } = workFolder();
const path = (name: string): string => join(folder, name);
const run = (...args: string[]): Promise<Outcome> => quern(args, { cwd: folder });

/** Runs a verb with `--json`: exit code 0, one document, and nothing but progress on standard error. */
async function json(...args: string[]) {
  const outcome = await run(...args, "--json");
  expect(outcome.code, outcome.stderr).toBe(0);
  expect(outcome.stderr).not.toMatch(/quern:|Error|[{}]/);
  return outcome.json();
}

let trained: Outcome;
beforeAll(async () => {
  writeLines(path("data.csv"), customers(0, 700));
  writeLines(path("more.csv"), customers(100, 800));
  writeLines(path("rows.csv"), without(customers(800, 900), "churn"));
  trained = await run(
    "train",
    "data.csv",
    "--target",
    "churn",
    "--models",
    "gbdt,logistic-regression",
    "--json",
  );
  expect(trained.code, trained.stderr).toBe(0);
});
afterAll(remove);

describe("train", () => {
  test("prints its contract on standard output and progress on standard error", () => {
    const result = trainResultSchema.parse(trained.json());
    expect(result).toMatchObject({ model: "churn", version: 1, task: "binary" });
    expect(result.metric.name).toBe("auc");
    expect(result.metric.low!).toBeLessThan(result.metric.value!);
    expect(result.metric.value!).toBeLessThan(result.metric.high!);
    expect(result.metrics.auc).toBe(result.metric.value);
    expect(result.metric.value!).toBeGreaterThan(result.baseline.auc!);
    expect(result.leaderboard.map((row) => row.trainer).sort()).toEqual(["gbdt", "logistic-regression"]);
    expect(result.leaderboard[0]!.value!).toBeGreaterThanOrEqual(result.leaderboard[1]!.value!);
    expect(result.parity.rows).toBeGreaterThan(0);
    expect(result.parity.maxAbsDiff).toBeLessThanOrEqual(1e-5);
    expect(existsSync(join(result.bundle, "model.onnx"))).toBe(true);
    expect(existsSync(result.report)).toBe(true);
    for (const stage of ["load", "split", "profile", "train", "evaluate", "export", "report"])
      expect(trained.stderr).toContain(` ${stage}`);
  });

  test("prints a table for people, nothing on standard error with --quiet, and copies with --out", async () => {
    const outcome = await run(
      ...["train", "data.csv", "--target", "churn", "--models", "gbdt,logistic-regression"],
      ...["--quiet", "--out", "copy"],
    );
    expect(outcome.code).toBe(0);
    expect(outcome.stderr).toBe("");
    expect(outcome.stdout).toMatch(
      /^churn@1 \(binary\)\nauc 0\.\d{4} \[0\.\d{4}, [01]\.\d{4}\] on \d+ test rows/,
    );
    expect(outcome.stdout).toContain("quern predict churn rows.csv --out predictions.csv");
    expect(readdirSync(path("copy")).sort()).toEqual(["bundle", "report.html"]);
    expect(existsSync(path("copy/bundle/manifest.json"))).toBe(true);
  });
});

describe("profile and plan", () => {
  test("profile", async () => {
    const profile = profileSchema.parse(
      await json("profile", "data.csv", "--target", "churn", "--report", "profile.html"),
    );
    expect(profile.rows).toBe(700);
    expect(profile.columns).toHaveLength(21);
    expect(profile.columns.find((column) => column.name === "customer_id")?.kind).toBe("id");
    expect(readFileSync(path("profile.html"), "utf8")).toMatch(/^<!doctype html>/i);
  });

  test("plan says what train would do and makes no store", async () => {
    const plan = await json("plan", "data.csv", "--target", "churn", "--store", "not-made");
    expect(plan.target).toMatchObject({ column: "churn", task: "binary" });
    expect(plan.split).toMatchObject({ kind: "stratified" });
    expect(plan.trials.map((trial: { trainer: string }) => trial.trainer)).toContain("gbdt");
    expect(plan.columns.find((column: { name: string }) => column.name === "customer_id").role).toBe("id");
    expect(existsSync(path("not-made"))).toBe(false);
  });
});

describe("predict", () => {
  const idsIn = (): string[] =>
    cellsOf(readFileSync(path("rows.csv"), "utf8"))
      .slice(1)
      .map(([id]) => id!);
  const HEADER = ["customer_id", "prediction", "probability_No", "probability_Yes"];

  test("CSV: one row out per row in, in order, with the id", async () => {
    const result = await json("predict", "churn", "rows.csv", "--out", "out.csv");
    expect(result).toEqual({
      model: "churn",
      version: 1,
      rows: 100,
      failed: 0,
      notes: [],
      output: path("out.csv"),
    });
    const [header, ...rows] = cellsOf(readFileSync(path("out.csv"), "utf8"));
    expect(header).toEqual(HEADER);
    expect(rows.map(([id]) => id)).toEqual(idsIn());
    for (const [, label, no, yes] of rows) {
      expect(["No", "Yes"]).toContain(label);
      expect(Number(no) + Number(yes)).toBeCloseTo(1, 5);
    }
  });

  test("JSON Lines and Parquet hold what the CSV holds", async () => {
    await json("predict", "churn@1", "rows.csv", "--out", "out.jsonl");
    await json(
      "predict",
      ".quern/bundles/" + readdirSync(path(".quern/bundles"))[0],
      "rows.csv",
      "--out",
      "out.parquet",
    );
    const expected = cellsOf(readFileSync(path("out.csv"), "utf8")).slice(1);
    const lines = readFileSync(path("out.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(Object.keys(lines[0])).toEqual(HEADER);
    const connection = await (await DuckDBInstance.create()).connect();
    const reader = await connection.runAndReadAll(`SELECT * FROM '${path("out.parquet")}'`);
    expect(reader.columnNames()).toEqual(HEADER);
    const table = reader.getRows();
    expect(table).toHaveLength(expected.length);
    for (const [i, [id, label, no, yes]] of expected.entries()) {
      for (const row of [Object.values(lines[i]), table[i]!]) {
        expect(row.slice(0, 2)).toEqual([id, label]);
        expect(Number(row[2])).toBeCloseTo(Number(no), 6);
        expect(Number(row[3])).toBeCloseTo(Number(yes), 6);
      }
    }
    connection.closeSync();
  });

  test("rows that the reading leaves out are told on standard error, the result alone on standard output", async () => {
    const lines = readFileSync(path("rows.csv"), "utf8").trim().split("\n");
    writeFileSync(path("joined.csv"), [...lines, lines[0], ...lines.slice(1), ""].join("\n"));
    const note = "1 row repeats the header of joined.csv; it is no data and was left out.";
    const outcome = await run("predict", "churn", "joined.csv", "--out", "joined-out.csv", "--json");
    expect(outcome.json()).toMatchObject({ rows: 2 * (lines.length - 1), notes: [note] });
    expect(outcome.stderr).toContain(note);
    const explained = await run("explain", "churn", "joined.csv", "--rows", "1");
    expect(explained.stderr).toContain(note);
    const quiet = await run("explain", "churn", "joined.csv", "--rows", "1", "--quiet");
    expect(quiet.stderr).not.toContain(note);
  });

  test("a missing column and an unknown ending are named", async () => {
    writeLines(path("short.csv"), without(customers(800, 810), "churn", "contract"));
    const short = await run("predict", "churn", "short.csv", "--out", "short-out.csv", "--json");
    expect(short.code).toBe(2);
    expect(short.json().error).toMatchObject({ code: "PREDICTION_INPUT" });
    expect(short.json().error.message).toContain('"contract"');
    expect(existsSync(path("short-out.csv"))).toBe(false);
    const ending = await run("predict", "churn", "rows.csv", "--out", "out.pdf", "--json");
    expect(ending.code).toBe(2);
    expect(ending.json().error.message).toMatch(/\.csv.*\.jsonl.*\.parquet/);
  });
});

describe("evaluate and explain", () => {
  test("evaluate scores labelled rows and writes a report", async () => {
    writeLines(path("labelled.csv"), customers(800, 1400));
    const result = evaluateResultSchema.parse(
      await json("evaluate", "churn", "labelled.csv", "--report", "evaluation.html"),
    );
    expect(result).toMatchObject({ rows: 600, notes: [] });
    expect(result.metric.name).toBe("auc");
    expect(result.metric.value!).toBeGreaterThan(0.7);
    const counted = result.confusion!.counts.flat().reduce((sum, count) => sum + count, 0);
    expect(counted).toBe(600);
    expect(existsSync(path("evaluation.html"))).toBe(true);
  });

  test("evaluate compares two models on the same rows", async () => {
    const { evaluation } = evaluateResultSchema.parse(
      await json("evaluate", "churn@1", "labelled.csv", "--against", "churn", "--report", "compared.html"),
    );
    // The model against itself: nothing differs.
    expect(evaluation.comparisons).toMatchObject([
      { with: "churn", metric: "auc", rows: 600, improvement: 0, verdict: "no-clear-difference" },
    ]);
    expect(evaluation.comparisons[0]!.other).toBe(evaluation.metrics.auc!.value);
    expect(readFileSync(path("compared.html"), "utf8")).toContain("churn");
    const said = await run("evaluate", "churn@1", "labelled.csv", "--against", "churn");
    expect(said.stdout).toContain("churn@1 does not clearly differ from churn, whose auc on these rows is");
  });

  test("explain names the columns, most important first", async () => {
    const result = await json("explain", "churn");
    expect(result).toMatchObject({ model: "churn", version: 1, metric: "auc" });
    const losses = result.columns.map((column: { permutation: number }) => column.permutation);
    expect(losses).toEqual([...losses].sort((a, b) => b - a));
    expect(result.columns.map((column: { name: string }) => column.name)).not.toContain("customer_id");
  });
});

describe("export", () => {
  test("a folder, an archive, the graph alone, and a client that compiles", async () => {
    await json("export", "churn", "--out", "exported");
    const manifest = manifestSchema.parse(JSON.parse(readFileSync(path("exported/manifest.json"), "utf8")));
    expect(manifest.id).toBe("customer_id");
    await json("export", "churn", "--out", "churn.onnx");
    expect(readFileSync(path("churn.onnx"))).toEqual(readFileSync(path("exported/model.onnx")));
    const { files } = await json("export", "churn@1", "--out", "churn.quern", "--types");
    expect(files).toEqual([
      { path: path("churn.quern"), what: "bundle" },
      { path: path("churn.client.ts"), what: "client" },
    ]);
    expect(readFileSync(path("churn.client.ts"), "utf8")).toContain("class ChurnClient");
    await json("predict", path("churn.quern"), "rows.csv", "--out", "again.csv");
    expect(readFileSync(path("again.csv"), "utf8")).toBe(readFileSync(path("out.csv"), "utf8"));
  });

  test("never mixes a bundle with other files", async () => {
    const outcome = await run("export", "churn", "--out", ".", "--json");
    expect(outcome.code).toBe(2);
    expect(outcome.json().error.code).toBe("PATH_REFUSED");
  });
});

describe("what the store remembers", () => {
  test("runs, one run with its trials, models", async () => {
    const { runs } = z.object({ runs: z.array(runSummarySchema) }).parse(await json("runs"));
    expect(runs.every((entry) => entry.state === "done")).toBe(true);
    const shown = await json("runs", trained.json().run);
    expect(shown.run).toMatchObject({ kind: "train", name: "churn", state: "done", metric: "auc" });
    expect(shown.trials.map((trial: { trainer: string }) => trial.trainer)).toEqual([
      "gbdt",
      "logistic-regression",
    ]);
    const { models } = z.object({ models: z.array(modelSummarySchema) }).parse(await json("models", "churn"));
    expect(models.map((model) => model.version)).toEqual([1]);
  });

  test("datasets: listed, shown, two versions compared", async () => {
    await json("train", "more.csv", "--target", "churn", "--models", "logistic-regression");
    const { datasets } = z.object({ datasets: z.array(datasetSummarySchema) }).parse(await json("datasets"));
    expect(datasets.map((dataset) => dataset.name)).toEqual(["more.csv", "data.csv"]);
    const [after, before] = datasets.map((dataset) => dataset.id) as [string, string];
    const shown = await json("datasets", before.slice(0, 12));
    expect(datasetDocumentSchema.parse(shown.document).rows).toBe(700);
    const comparison = datasetComparisonSchema.parse(
      await json("datasets", before, after, "--id", "customer_id"),
    );
    expect(comparison.rows).toMatchObject({ added: 100, removed: 100, unchanged: 600, changed: 0 });
    expect(comparison.schema).toEqual({ added: [], removed: [], changed: [] });
  });

  test("doctor finds nothing wrong", async () => {
    const { ok, checks } = await json("doctor");
    expect(ok).toBe(true);
    expect(z.array(storeCheckSchema).parse(checks).length).toBeGreaterThan(8);
  });

  test("a model, run and dataset that are not there", async () => {
    for (const [args, code] of [
      [["explain", "chrun"], "MODEL_NOT_FOUND"],
      [["models", "chrun"], "MODEL_NOT_FOUND"],
      [["explain", "churn@9"], "MODEL_NOT_FOUND"],
      [["runs", "20200101-000000-00000000"], "RUN_NOT_FOUND"],
      [["datasets", "ffffffffffff"], "DATASET_NOT_FOUND"],
    ] as const) {
      const outcome = await run(...args, "--json");
      expect(outcome.code, outcome.stderr).toBe(2);
      expect(outcome.json().error.code).toBe(code);
    }
  });
});
