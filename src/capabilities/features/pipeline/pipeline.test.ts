import { describe, expect, it } from "vitest";
import { pipelineFeeds } from "../../../../conformance/pipeline-feeds.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createGraph, openSession } from "../../../engines/onnx/index.js";
import { QuernError } from "../../../foundation/base/errors.js";
import { pack, unpack } from "../../../foundation/base/packing.js";
import { createRandom } from "../../../foundation/base/random.js";
import { denseRowMajor, featureViews } from "../../../foundation/contracts/feature-matrix.js";
import { type Column, createFrame, type Frame, takeRows } from "../../../foundation/contracts/frame.js";
import { concatFeatures } from "../../../foundation/contracts/graph.js";
import { declareInputs, planGraphInputs } from "../../../foundation/contracts/model-graph.js";
import type { Target } from "../../../foundation/contracts/target.js";
import {
  applyPipeline,
  columnsAfterSteps,
  createHanSegmenter,
  createHostTransforms,
  createTransforms,
  describeColumns,
  emitPipeline,
  type FeaturePlan,
  type FittedPipeline,
  featureLineage,
  fitAfterSteps,
  fitPipeline,
  graphInputs,
  planFeatures,
  rawColumns,
  sharePipelines,
} from "../index.js";

const ROWS = 300;
const transforms = createTransforms();
const context = workContext("pipeline");

describe("pipelines", () => {
  it.each(["tree", "linear", "distance", "neural", "counts", "none"] as const)(
    "%s: the graph gives what apply gives, on rows of every sort",
    async (style) => {
      const { frame, target } = customers();
      const plan = planFeatures(describeColumns(frame), style, {
        rows: ROWS,
        task: "multiclass",
        classes: 3,
      });
      const { fitted } = fitPipeline(frame, plan, { transforms, target, context });
      const restored = unpack<FittedPipeline>(pack(fitted));
      for (const rows of [frame, strangers(), takeRows(frame, [3])]) {
        const applied = applyPipeline(fitted, rows, transforms);
        const emitted = await runGraph(restored, rows);
        const { values, width } = denseRowMajor(applied);
        expect(width).toBeGreaterThan(0);
        expect(emitted.length).toBe(values.length);
        for (const [i, value] of values.entries()) expectClose(emitted[i]!, value, `${style} ${i}`);
      }
    },
  );

  it.each(["tree", "linear", "embedded"] as const)(
    "%s: numbers that name things are categories as well, also ones never seen",
    async (style) => {
      const random = createRandom("stores");
      const effects = Array.from({ length: 75 }, () => 3 * random.normal());
      const store = Float32Array.from({ length: ROWS }, () => random.integer(75));
      const frame = createFrame([["store", { kind: "number", values: store }]]);
      const target: Target = {
        task: "regression",
        values: Float64Array.from(store, (value) => effects[value]! + random.normal()),
      };
      const facts = describeColumns(frame, target);
      expect(facts[0]).toMatchObject({ kind: "number", isCode: true });
      const plan = planFeatures(facts, style, { rows: ROWS, task: "regression", classes: 1 });
      const { fitted, features } = fitPipeline(frame, plan, { transforms, target, context });
      expect([...features.columns.keys()].some((name) => name.endsWith(".target"))).toBe(true);
      const strange = Float32Array.of(3, 1000, Number.NaN, -1, 0.5);
      for (const values of [store, strange]) {
        const rows = createFrame([["store", { kind: "number", values }]]);
        const applied = denseRowMajor(applyPipeline(fitted, rows, transforms)).values;
        const emitted = await runGraph(unpack<FittedPipeline>(pack(fitted)), rows);
        for (const [i, value] of applied.entries()) expectClose(emitted[i]!, value, `${style} ${i}`);
      }
    },
  );

  it("takes steps of one's own first, and plans for the columns that they leave", async () => {
    const random = createRandom("own steps");
    const draw = (make: (row: number) => number) =>
      Float64Array.from({ length: ROWS }, (_, row) => make(row));
    const frame = createFrame([
      // More digits than float32 has: the graph sees it rounded, and so must every step.
      ["amount", { kind: "number", values: draw(() => 1e9 + random.integer(1000)) }],
      ["length", { kind: "number", values: Float32Array.from(draw(() => random.normal())) }],
      ["day", { kind: "datetime", values: draw(() => 1.7e12 + 10 * random.integer(1e9)) }],
    ]);
    const steps = [
      { transform: "datetime", columns: ["day"], config: { parts: ["month", "weekday"] } },
      { transform: "log", columns: ["amount"], keepInputs: true },
    ];
    const target: Target = { task: "regression", values: draw((row) => row) };
    const options = { transforms, target, context };
    const seen = columnsAfterSteps(frame, steps, options);
    const named = [...seen.columns.keys()];
    expect(named).toEqual(expect.arrayContaining(["amount", "length"]));
    expect(named.some((name) => name.startsWith("day."))).toBe(true);
    expect(named).not.toContain("day");
    const planFor = (columns: Frame) =>
      planFeatures(describeColumns(columns), "linear", { rows: ROWS, task: "regression", classes: 1 });
    const { fitted, features } = fitAfterSteps(frame, steps, planFor, options);
    expect(new Set([...featureLineage(fitted).values()].flat())).toEqual(
      new Set(["amount", "length", "day"]),
    );
    expect(rawColumns(fitted).map(({ label }) => label)).toEqual(["amount", "length", "day"]);
    const { values } = denseRowMajor(features);
    const emitted = await runGraph(unpack<FittedPipeline>(pack(fitted)), frame);
    for (const [i, value] of values.entries()) expectClose(emitted[i]!, value, `own steps ${i}`);
    expect(() => fitAfterSteps(frame, [{ transform: "tfidf" }], planFor, options)).toThrow(QuernError);
    expect(fitAfterSteps(frame, [], planFor, options)).toEqual(fitPipeline(frame, planFor(frame), options));
  });

  it("shares what several styles do alike, and gives each its own features", () => {
    const { frame, target } = customers();
    const limits = { rows: ROWS, task: "multiclass" as const, classes: 3 };
    const pipelines = (["tree", "linear", "distance", "neural"] as const).map((style) => {
      const plan = planFeatures(describeColumns(frame), style, limits);
      return fitPipeline(frame, plan, { transforms, target, context }).fitted;
    });
    const { pipeline, views } = sharePipelines(pipelines);
    const labels = pipeline.slots.map(({ label }) => label);
    expect(new Set(labels).size).toBe(labels.length);
    const steps = pipelines.reduce((sum, one) => sum + one.steps.length, 0);
    expect(pipeline.steps.length).toBeLessThan(steps);
    const all = [...applyPipeline(pipeline, strangers(), transforms).columns.values()];
    for (const [k, one] of pipelines.entries()) {
      const own = [...applyPipeline(one, strangers(), transforms).columns.values()];
      const shared = views[k]!.map((position) => all[position]!);
      expect(shared.map(({ kind }) => kind)).toEqual(own.map(({ kind }) => kind));
      for (const [i, column] of own.entries())
        expect("values" in column && "values" in shared[i]! && shared[i].values).toEqual(
          "values" in column && column.values,
        );
    }
    const again = sharePipelines([pipelines[1]!, pipelines[1]!]);
    expect(again.pipeline.steps).toHaveLength(pipelines[1]!.steps.length);
    expect(again.views[0]).toEqual(again.views[1]);
  });

  it("gives the trainer numbers it can take", () => {
    const { frame, target } = customers();
    for (const style of ["linear", "distance", "counts"] as const) {
      const plan = planFeatures(describeColumns(frame), style, {
        rows: ROWS,
        task: "multiclass",
        classes: 3,
      });
      const { fitted, features } = fitPipeline(frame, plan, { transforms, target, context });
      for (const given of [features, applyPipeline(fitted, strangers(), transforms)]) {
        const { values } = denseRowMajor(given);
        expect(values.every(Number.isFinite), style).toBe(true);
        if (style === "counts") expect(values.every((value) => value >= 0)).toBe(true);
      }
    }
  });

  it("names features so that people know them, and knows where they come from", () => {
    const { frame, target } = customers();
    const plan = planFeatures(describeColumns(frame), "linear", {
      rows: ROWS,
      task: "multiclass",
      classes: 3,
    });
    const { fitted, features } = fitPipeline(frame, plan, { transforms, target, context });
    const names = featureViews(features).map(({ name }) => name);
    for (const name of [
      "age",
      "age.missing",
      "income.yeo-johnson",
      "city=Köln",
      "joined.month.sin",
      "street.target=b",
      "note:good",
    ]) {
      expect(names).toContain(name);
    }
    expect(new Set(names).size).toBe(names.length);
    const lineage = featureLineage(fitted);
    expect([...lineage.keys()]).toEqual(names);
    expect(lineage.get("joined.month.sin")).toEqual(["joined"]);
    expect(lineage.get("city=Köln")).toEqual(["city"]);
    expect(rawColumns(fitted).map(({ label }) => label)).not.toContain("customer");
  });

  it("traces joined features to all their columns", () => {
    const { frame } = customers();
    const plan: FeaturePlan = {
      columns: ["age", "income"],
      steps: [
        { transform: "interact", keepInputs: true },
        { transform: "pca", keepInputs: true },
      ],
    };
    const { fitted } = fitPipeline(frame, plan, { transforms, context });
    const lineage = featureLineage(fitted);
    expect([...lineage.keys()].slice(0, 4)).toEqual(["age", "income", "age*income", "pca:0"]);
    expect(lineage.get("age*income")).toEqual(["age", "income"]);
    expect(lineage.get("pca:0")).toEqual(["age", "income"]);
  });

  it("survives hostile column names and names that meet", async () => {
    const names = [
      "",
      "__proto__",
      "constructor",
      "a",
      "a=x",
      "a.missing",
      "/a",
      "a~2",
      "\uE0000\uE001",
      "n".repeat(10_000),
      "😀\n'\"",
    ];
    const random = createRandom("names");
    const frame = createFrame(
      names.map((name, k): [string, Column] =>
        k % 2 === 1
          ? [name, category(Array.from({ length: 40 }, () => ["x", "y", ""][random.integer(3)]!))]
          : [
              name,
              {
                kind: "number",
                values: Float32Array.from({ length: 40 }, (_, i) => (i % 7 ? random.normal() : Number.NaN)),
              },
            ],
      ),
    );
    const plan: FeaturePlan = {
      columns: names,
      steps: [{ transform: "impute" }, { transform: "one-hot", keepInputs: true }, { transform: "one-hot" }],
    };
    const { fitted, features } = fitPipeline(frame, plan, { transforms, context });
    const featureNames = featureViews(features).map(({ name }) => name);
    expect(new Set(features.columns.keys()).size).toBe(fitted.features.length);
    expect(featureNames).toContain("a=x~2");
    const { values } = denseRowMajor(applyPipeline(fitted, frame, transforms));
    expect(await runGraph(fitted, frame)).toEqual(values);
  });

  it("sees texts with U+0000 in them as the graph does", async () => {
    const texts = Array.from({ length: 40 }, (_, i) => ["a\0b", "a\0c", "a", "\0", "a\uFFFDb", ""][i % 6]!);
    const frame = createFrame([
      ["category", category(texts)],
      ["hashed", category(texts)],
      ["text", { kind: "text", values: texts }],
    ]);
    const plan: FeaturePlan = {
      columns: ["category", "hashed", "text"],
      steps: [
        { transform: "hash", columns: ["hashed"] },
        { transform: "tokens", columns: ["text"] },
        { transform: "tfidf", columns: ["text"] },
        { transform: "one-hot", columns: ["category"] },
      ],
    };
    const { fitted, features } = fitPipeline(frame, plan, { transforms, context });
    const { values } = denseRowMajor(applyPipeline(fitted, frame, transforms));
    expect(denseRowMajor(features).values).toEqual(values);
    for (const [i, value] of (await runGraph(fitted, frame)).entries())
      expectClose(value, values[i]!, `${i}`);
  });

  it("keeps float64 columns apart that float32 would merge", async () => {
    const values = Float64Array.from({ length: 50 }, (_, i) => 1.7e12 + i);
    const frame = createFrame([["stamp", { kind: "number", values }]]);
    const plan = planFeatures(describeColumns(frame), "tree", { rows: 50, task: "binary", classes: 2 });
    expect(plan.steps.map(({ transform }) => transform)).toEqual(["to-float32"]);
    const { fitted, features } = fitPipeline(frame, plan, { transforms, context });
    expect(new Set(featureViews(features)[0]!.values).size).toBe(50);
    expect(await runGraph(fitted, frame)).toEqual(featureViews(features)[0]!.values);
  });

  it("encodes training rows out of fold", () => {
    const random = createRandom("leak");
    const rows = 2000;
    const frame = createFrame([
      ["id-like", category(Array.from({ length: rows }, (_, i) => `v${i % 1000}`))],
    ]);
    const target: Target = {
      task: "regression",
      values: Float64Array.from({ length: rows }, () => random.normal()),
    };
    const plan: FeaturePlan = {
      columns: ["id-like"],
      steps: [{ transform: "target-encode", config: { smoothing: 0 } }],
    };
    const { fitted, features } = fitPipeline(frame, plan, { transforms, target, context });
    const seen = featureViews(applyPipeline(fitted, frame, transforms))[0]!.values;
    expect(correlation(seen, target.values)).toBeGreaterThan(0.6);
    expect(Math.abs(correlation(featureViews(features)[0]!.values, target.values))).toBeLessThan(0.1);
  });

  it("says what is wrong with a plan or a frame", () => {
    const { frame } = customers();
    const fitting = (plan: FeaturePlan) => () => fitPipeline(frame, plan, { transforms, context });
    const code = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        if (QuernError.is(error)) return error.code;
      }
      return "none";
    };
    expect(code(fitting({ columns: ["nowhere"], steps: [] }))).toBe("DATA_COLUMN_UNKNOWN");
    expect(code(fitting({ columns: ["age"], steps: [{ transform: "polish" }] }))).toBe("CONFIG_INVALID");
    expect(code(fitting({ columns: ["age"], steps: [{ transform: "clip", config: { lo: 1 } }] }))).toBe(
      "CONFIG_INVALID",
    );
    const lateHost = { columns: ["note"], steps: [{ transform: "impute" }, { transform: "tokens" }] };
    expect(code(fitting(lateHost))).toBe("CONFIG_INVALID");
    const { fitted } = fitPipeline(frame, { columns: ["age"], steps: [] }, { transforms, context });
    expect(code(() => applyPipeline(fitted, createFrame([["age", category(["old"])]]), transforms))).toBe(
      "DATA_SCHEMA",
    );
  });
});

describe("Chinese text", () => {
  it("is cut into words before the graph, and alike after a bundle was read back", async () => {
    const segmentHan = createHanSegmenter();
    const own = createTransforms();
    const texts = ["我爱北京天安门", "北京的天气很好", "今天天气不好 so sad", "", "天安门很大"];
    const frame = createFrame([["评论", { kind: "text", values: texts }]]);
    const limits = { rows: 5, task: "binary", classes: 2, segmenter: true } as const;
    const plan = planFeatures(describeColumns(frame), "linear", limits);
    const { fitted, features } = fitPipeline(frame, plan, { transforms: own, context });
    expect(featureViews(features).map(({ name }) => name)).toContain("评论:天安门");
    const emitted = await runGraph(
      unpack<FittedPipeline>(pack(fitted)),
      frame,
      createHostTransforms({ segmentHan }),
    );
    for (const [i, value] of denseRowMajor(features).values.entries())
      expectClose(emitted[i]!, value, `${i}`);
    expect(() => applyPipeline(fitted, frame, createTransforms({}))).toThrow(/segmenter/);
  });
});

/** Runs host steps and graph as a bundle does. */
async function runGraph(
  fitted: FittedPipeline,
  frame: Frame,
  hosts = createHostTransforms(),
): Promise<Float32Array> {
  const graph = createGraph({ name: "pipeline" });
  const inputs = declareInputs(graph, planGraphInputs(graphInputs(fitted)));
  const features = emitPipeline(graph, inputs, fitted, transforms);
  graph.output("features", concatFeatures(graph, features));
  const session = await openSession(graph.toBytes(), { threads: 1 });
  try {
    return (await session.run(pipelineFeeds(fitted, frame, hosts))).features!.data as Float32Array;
  } finally {
    await session.close();
  }
}

function customers(): { frame: Frame; target: Target } {
  const random = createRandom("customers");
  const draw = <T>(values: readonly T[]): T => values[random.integer(values.length)]!;
  const rows = <T>(make: (row: number) => T): T[] => Array.from({ length: ROWS }, (_, row) => make(row));
  const frame = createFrame([
    ["customer", { kind: "id", values: rows((row) => `c${row}`) }],
    [
      "age",
      {
        kind: "number",
        values: Float32Array.from(rows((row) => (row % 13 ? 20 + random.integer(60) : Number.NaN))),
      },
    ],
    [
      "income",
      { kind: "number", values: Float32Array.from(rows(() => Math.exp(random.normal() * 1.5 + 8))) },
    ],
    ["account", { kind: "number", values: Float64Array.from(rows((row) => 9.1e15 + row * 3)) }],
    [
      "member",
      {
        kind: "boolean",
        values: Float32Array.from(rows((row) => (row % 17 ? random.integer(2) : Number.NaN))),
      },
    ],
    ["city", category(rows(() => draw(["Paris", "Köln", "北京", "Oslo", ""])))],
    ["street", category(rows(() => `street ${random.integer(140)}`))],
    [
      "joined",
      {
        kind: "datetime",
        values: Float64Array.from(
          rows((row) =>
            row % 19
              ? Date.UTC(
                  2015 + random.integer(9),
                  random.integer(12),
                  1 + random.integer(28),
                  random.integer(24),
                )
              : Number.NaN,
          ),
        ),
      },
    ],
    [
      "note",
      {
        kind: "text",
        values: rows(
          () =>
            `${draw(["Good", "bad", ""])} ${draw(["service", "PRICE", "中文"])} ${draw(["today", "😀", "naïve"])}`,
        ),
      },
    ],
    [
      "embedding",
      { kind: "vector", width: 2, values: Float32Array.from({ length: ROWS * 2 }, () => random.normal()) },
    ],
    ["constant", { kind: "number", values: new Float32Array(ROWS).fill(4) }],
  ]);
  const codes = Int32Array.from(rows(() => random.integer(3)));
  return { frame, target: { task: "multiclass", classes: ["a", "b", "c"], codes } };
}

/** Rows unlike those seen in training. */
function strangers(): Frame {
  return createFrame([
    ["age", { kind: "number", values: Float32Array.of(Number.NaN, Number.POSITIVE_INFINITY, -1e30, 1e-40) }],
    ["income", { kind: "number", values: Float32Array.of(-5, Number.NaN, 3e38, Number.NEGATIVE_INFINITY) }],
    [
      "account",
      { kind: "number", values: Float64Array.of(Number.NaN, 9.1e15 + 1, -1e300, Number.POSITIVE_INFINITY) },
    ],
    ["member", { kind: "boolean", values: Float32Array.of(Number.NaN, 1, 0, 1) }],
    ["city", category(["Atlantis", "", "Köln", "__proto__"])],
    ["street", category(["street 3", "nowhere", "", "😀"])],
    [
      "joined",
      { kind: "datetime", values: Float64Array.of(Number.NaN, -62_167_219_200_000, 253_402_300_799_999, 0) },
    ],
    ["note", { kind: "text", values: ["", "GOOD good  good", "İstanbul ß", "x ".repeat(3000)] }],
    [
      "embedding",
      {
        kind: "vector",
        width: 2,
        values: Float32Array.of(0, Number.NaN, 1, 2, Number.POSITIVE_INFINITY, 0, 5, 5),
      },
    ],
    ["constant", { kind: "number", values: Float32Array.of(4, 5, 6, 7) }],
  ]);
}

function category(values: readonly string[]): Column {
  const dictionary = [...new Set(values)].filter((value) => value !== "");
  return {
    kind: "category",
    dictionary,
    codes: Int32Array.from(values, (value) => dictionary.indexOf(value)),
  };
}

function expectClose(actual: number, expected: number, where: string): void {
  if (Number.isNaN(expected) && Number.isNaN(actual)) return;
  if (actual === expected) return;
  const difference = Math.abs(actual - expected) / Math.max(1, Math.abs(expected));
  if (!(difference <= 1e-5)) throw new Error(`${where}: apply ${expected}, graph ${actual}`);
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [x, y] = [Array.from(a), Array.from(b)];
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  const sum = (f: (i: number) => number) => x.reduce((total, _, i) => total + f(i), 0);
  return (
    sum((i) => (x[i]! - mx) * (y[i]! - my)) /
    Math.sqrt(sum((i) => (x[i]! - mx) ** 2) * sum((i) => (y[i]! - my) ** 2))
  );
}
