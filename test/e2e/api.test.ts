/** The programming interface has the power of the command line; the built package is what is called. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RunEvent, TrainResult } from "../../src/index.js";
import { customers, without, writeLines } from "./data.js";
import { workFolder } from "./quern.js";

const quern: typeof import("../../src/index.js") = await import(
  new URL("../../dist/index.js", import.meta.url).href
);

const { folder, remove } = workFolder();
const options = { folder, store: join(folder, ".quern") };
const path = (name: string): string => join(folder, name);
const project = {
  task: { target: "churn", positive: "Yes" },
  data: { source: "data.csv" },
  models: ["gbdt" as const],
};

const events: RunEvent[] = [];
let result: TrainResult;
beforeAll(async () => {
  writeLines(path("data.csv"), customers(0, 500));
  writeLines(path("rows.csv"), without(customers(500, 550), "churn"));
  result = await quern.train({ project }, { ...options, onEvent: (event) => events.push(event) });
});
afterAll(remove);

describe("training", () => {
  test("returns what the command prints and tells of its stages", () => {
    expect(quern.trainResultSchema.parse(result)).toEqual(result);
    expect(result).toMatchObject({ model: "churn", version: 1, task: "binary" });
    expect([...new Set(events.map((event) => event.stage))]).toEqual(
      expect.arrayContaining(["load", "split", "profile", "train", "evaluate", "export", "report"]),
    );
    for (const event of events) expect(event.done).toBeLessThanOrEqual(event.total);
  });

  test("refuses a wrong project with a typed error", async () => {
    const wrong = quern.train(
      { project: { task: { target: "chrun" }, data: { source: "data.csv" } } },
      options,
    );
    const failure = await wrong.catch((error: unknown) => error);
    expect(quern.QuernError.is(failure) && failure.code).toBe("DATA_COLUMN_UNKNOWN");
    expect(String(failure)).toContain('did you mean "churn"');
  });

  test("stops when its signal says so, before anything is written", async () => {
    const controller = new AbortController();
    const stopped = quern.train(
      { project: { ...project, seed: 7 } },
      { ...options, signal: controller.signal, onEvent: () => controller.abort() },
    );
    const failure = await stopped.catch((error: unknown) => error);
    expect(quern.QuernError.is(failure) && failure.code).toBe("INTERRUPTED");
  });

  test("plans, profiles and writes a project file", async () => {
    const plan = await quern.planTraining({ project }, options);
    expect(plan.trials.map((trial) => trial.trainer)).toEqual(["gbdt"]);
    const { profile } = await quern.profileData({ project }, options);
    expect(profile.rows).toBe(500);
    const written = await quern.initProject({ source: path("data.csv"), target: "churn" }, options);
    expect(quern.readProjectFile(written.path).project.task).toMatchObject({
      target: "churn",
      positive: "Yes",
    });
  });
});

describe("a trained model", () => {
  test("predicts rows in this process as the file prediction does", async () => {
    await quern.predictFile({ model: "churn", source: path("rows.csv"), out: "out.jsonl" }, options);
    const lines = readFileSync(path("out.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    const [header, ...rows] = without(customers(500, 550), "churn").map((line) =>
      line.replaceAll('"', "").split(","),
    );
    const model = await quern.loadModel("churn@1", options);
    try {
      const inputs = new Set(model.manifest.inputs.map((input) => input.column.name));
      const predictions = await model.predict(
        rows.map((cells) =>
          Object.fromEntries(header!.flatMap((name, k) => (inputs.has(name) ? [[name, cells[k]!]] : []))),
        ),
      );
      expect(predictions).toHaveLength(50);
      for (const [i, prediction] of predictions.entries()) {
        if (!("label" in prediction)) throw new Error("Expected classes.");
        expect(prediction.label).toBe(lines[i].prediction);
        expect(prediction.probabilities.Yes).toBeCloseTo(lines[i].probability_Yes, 6);
      }
      await expect(model.predict([{ nonsense: 1 }])).rejects.toMatchObject({ code: "PREDICTION_INPUT" });
    } finally {
      await model.close();
    }
  });

  test("is evaluated, explained, exported, listed and served", async () => {
    const evaluated = await quern.evaluateModel({ model: "churn", source: path("data.csv") }, options);
    expect(evaluated.metrics.auc).toBeGreaterThan(0.7);
    const explained = await quern.explainModel({ model: "churn" }, options);
    expect(explained.columns.length).toBeGreaterThan(10);
    const exported = await quern.exportModel({ model: "churn", out: "churn.quern", types: true }, options);
    for (const file of exported.files) expect(existsSync(file.path)).toBe(true);
    expect((await quern.listModels({}, options)).map((model) => model.version)).toEqual([1]);
    expect((await quern.listRuns({}, options)).map((run) => run.state)).toEqual(["done"]);
    expect((await quern.showRun(result.run, options)).trials).toHaveLength(1);
    const [dataset] = await quern.listDatasets({}, options);
    expect((await quern.showDataset(dataset!.id, options)).rows).toBe(500);
    expect((await quern.examine({}, options)).ok).toBe(true);
  });

  test("is served over HTTP in this process, and what is wrong is said before anything is opened", async () => {
    const server = await quern.serveModels(
      { models: ["churn"], server: { port: 0 }, log: {}, jobs: {} },
      options,
    );
    try {
      expect(server.models).toEqual(["churn@1"]);
      expect((await fetch(`${server.address}/health/ready`)).status).toBe(200);
      const taken = { port: Number(new URL(server.address).port) };
      await expect(quern.serveModels({ server: taken }, options)).rejects.toMatchObject({ code: "USAGE" });
    } finally {
      await server.close();
    }
    await server.close();
    await expect(fetch(server.address)).rejects.toThrow();
    const wrong = quern.serveModels({ models: ["churn"], jobs: { queue: 0 } }, options);
    await expect(wrong).rejects.toMatchObject({ code: "CONFIG_INVALID" });
  });
});
