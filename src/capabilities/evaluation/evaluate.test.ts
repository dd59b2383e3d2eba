import { describe, expect, it } from "vitest";
import { adjustFalseDiscovery } from "../../foundation/base/multiplicity.js";
import { normalBelow, normalQuantile, twoSided } from "../../foundation/base/normal-distribution.js";
import { createRandom } from "../../foundation/base/random.js";
import { evaluationSchema } from "../../foundation/contracts/evaluation.js";
import { type CategoryColumn, createFrame, type NumberColumn } from "../../foundation/contracts/frame.js";
import type { ClassTarget, RegressionTarget } from "../../foundation/contracts/target.js";
import { gainTable, gainThreshold } from "./business-gain.js";
import { wilson } from "./curves/calibration.js";
import { chooseThreshold, f1Of } from "./curves/thresholds.js";
import { evaluate } from "./evaluate.js";
import type { EvaluationRequest } from "./evaluation-request.js";
import { estimateMetrics } from "./intervals/bootstrap.js";
import { compareModels } from "./intervals/compare.js";
import { findMetric } from "./metrics/index.js";
import { permutationImportance } from "./permutation-importance.js";

const CITIES = ["Ulm", "Bern", "Lima", "Oslo", "Kiel", "Rom"];

/** A well-calibrated model, except that in Lima its probabilities are noise. */
function binaryRequest(rows = 3000, planted = true): EvaluationRequest & { target: ClassTarget } {
  const random = createRandom("binary");
  const codes = new Int32Array(rows);
  const values = new Float64Array(2 * rows);
  const city = new Int32Array(rows);
  const age = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    city[row] = random.integer(CITIES.length);
    age[row] = 20 + random.integer(50);
    const truth = 1 / (1 + Math.exp(-2 * random.normal()));
    codes[row] = random.uniform() < truth ? 1 : 0;
    const stated = planted && city[row] === 2 ? random.uniform() : truth;
    values.set([1 - stated, stated], 2 * row);
  }
  const baseline = new Float64Array(2 * rows).fill(0.5);
  return {
    target: { task: "binary", codes, classes: ["no", "yes"] },
    predictions: { kind: "probabilities", values, classes: 2 },
    split: "test",
    metric: findMetric("auc", "binary"),
    features: createFrame([
      ["city", { kind: "category", codes: city, dictionary: CITIES }],
      ["age", { kind: "number", values: age }],
    ]),
    baseline: { kind: "probabilities", values: baseline, classes: 2 },
  };
}
const context = { random: createRandom(0), resamples: 300 };

describe("evaluate", () => {
  it("makes a valid document with intervals, curves and comparisons", () => {
    const request = binaryRequest();
    const document = evaluate({ ...request, gain: [[0, -10], [0, 30]], slices: ["age"] }, context); // biome-ignore format: a table
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(
      JSON.stringify(
        evaluate(
          {
            ...request,
            gain: [
              [0, -10],
              [0, 30],
            ],
            slices: ["age"],
          },
          context,
        ),
      ),
    ).toBe(JSON.stringify(document));
    const { value, low, high } = document.metrics.auc!;
    expect(low!).toBeLessThan(value!);
    expect(value!).toBeLessThan(high!);
    expect(Object.keys(document.metrics)[0]).toBe("auc");
    expect(document.baseline.auc).toBe(0.5);
    expect(document.comparisons[0]).toMatchObject({ with: "baseline", verdict: "better" });
    expect(document.confusion!.counts.flat().reduce((a, b) => a + b, 0)).toBe(3000);
    expect(document.curves.roc[0]!.value).toBeCloseTo(value!, 12);
    expect(document.curves.roc[0]!.points.at(-1)).toEqual([1, 1]);
    expect(document.curves.roc[0]!.points.length).toBeLessThan(230);
    expect(document.thresholds.length).toBe(19);
    expect(document.worst[0]!.error).toBeLessThan(0.1);
    expect(document.worst[0]!.values.map(([name]) => name)).toEqual(["city", "age"]);
    expect(document.slices.filter((slice) => slice.origin === "given").length).toBe(4);
  });

  it("finds the slice that is worse and no other", () => {
    const found = evaluate(binaryRequest(), context).slices;
    expect(found[0]!.conditions).toEqual([{ column: "city", value: "Lima" }]);
    expect(found.every((slice) => slice.conditions.some((one) => one.value === "Lima"))).toBe(true);
    expect(found[0]!.value!).toBeLessThan(found[0]!.rest!);
    const clean = evaluate(binaryRequest(3000, false), context);
    expect(clean.slices).toEqual([]);
    expect(clean.slicesTested).toBeGreaterThan(20);
  });

  it("finds a pair of conditions that does harm together", () => {
    const { predictions, ...request } = binaryRequest(4000, false);
    const [city, age] = ["city", "age"].map((name) => request.features!.columns.get(name)!);
    const random = createRandom("pair");
    const values = predictions.values.slice();
    for (let row = 0; row < 4000; row++) {
      if ((city as CategoryColumn).codes[row] !== 1 || (age as NumberColumn).values[row]! < 58) continue;
      const stated = random.uniform();
      values.set([1 - stated, stated], 2 * row);
    }
    const found = evaluate(
      { ...request, predictions: { kind: "probabilities", values, classes: 2 } },
      context,
    ).slices;
    expect(found.length).toBe(1);
    expect(found[0]!.conditions.map((one) => one.column).sort()).toEqual(["age", "city"]);
    expect(found[0]!.conditions.some((one) => one.value === "Bern")).toBe(true);
  });

  it("describes several classes", () => {
    const random = createRandom("multi");
    const rows = 400;
    const codes = Int32Array.from({ length: rows }, () => random.integer(3));
    const values = new Float64Array(rows * 4);
    for (let row = 0; row < rows; row++) {
      const raw = [0, 1, 2, 3].map((k) => random.uniform() + (k === codes[row] ? 0.7 : 0));
      const total = raw.reduce((a, b) => a + b, 0);
      values.set(raw.map((v) => v / total), row * 4); // biome-ignore format: short
    }
    const document = evaluate(
      {
        target: { task: "multiclass", codes, classes: ["a", "b", "c", "never"] },
        predictions: { kind: "probabilities", values, classes: 4 },
        split: "test",
        metric: findMetric("log-loss", "multiclass"),
        gain: gainTable({ a: { a: 5, b: -1 }, b: { b: 1 }, c: { c: 1 } }, ["a", "b", "c", "never"]),
      },
      context,
    );
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    expect(document.perClass[3]).toMatchObject({ class: "never", rows: 0, recall: null, auc: null });
    expect(document.curves.roc.map((curve) => curve.class)).toEqual(["a", "b", "c"]);
    expect(document.gain!.perRow.value!).toBeGreaterThanOrEqual(document.gain!.withoutModel! - 1e-9);
    expect(document.metrics["top-k-accuracy"]).toBeDefined();
  });

  it("describes numbers", () => {
    const random = createRandom("numbers");
    const predicted = Float64Array.from({ length: 2500 }, () => random.normal() * 10);
    const target: RegressionTarget = {
      task: "regression",
      values: predicted.map((p) => p + random.normal()),
    };
    const document = evaluate(
      {
        target,
        predictions: { kind: "values", values: predicted },
        split: "test",
        metric: findMetric("rmse", "regression"),
        rowNumbers: Int32Array.from({ length: 2500 }, (_, i) => i * 2),
      },
      context,
    );
    expect(evaluationSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document);
    const residuals = document.residuals!;
    expect(residuals.points.length).toBe(1500);
    expect(residuals.histogram.counts.reduce((a, b) => a + b, 0)).toBe(2500);
    for (const [normal, own] of residuals.quantiles.slice(5, -5))
      expect(Math.abs(normal - own)).toBeLessThan(0.2);
    expect(document.worst[0]!.row % 2).toBe(0);
    expect(document.metrics.rmse!.low!).toBeLessThan(1);
    expect(document.metrics.rmse!.high!).toBeGreaterThan(1);
  });

  it("survives one row and one class", () => {
    const request = binaryRequest(1);
    const document = evaluate(request, context);
    expect(document.metrics.auc!.value).toBeNull();
    expect(document.metrics.accuracy!.low).toBeNull();
    expect(document.curves.roc).toEqual([]);
  });
});

describe("intervals", () => {
  it("cover the truth about as often as they say", () => {
    const random = createRandom("coverage");
    let covered = 0;
    for (let trial = 0; trial < 120; trial++) {
      const rows = 150;
      const actual = Float64Array.from({ length: rows }, () => random.normal());
      const estimate = estimateMetrics(
        [findMetric("mse", "regression")],
        {
          target: { task: "regression", values: actual },
          predictions: { kind: "values", values: new Float64Array(rows) },
        },
        { random: random.fork(trial), resamples: 300 },
      ).get("mse")!;
      if (estimate.low! <= 1 && estimate.high! >= 1) covered++;
    }
    expect(covered / 120).toBeGreaterThan(0.88);
    expect(covered / 120).toBeLessThan(0.995);
  });

  it("do not claim certainty from a clean sheet", () => {
    const codes = Int32Array.from({ length: 30 }, (_, i) => i % 2);
    const values = Float64Array.from({ length: 60 }, (_, i) => ((i >> 1) % 2 === i % 2 ? 1 : 0));
    const estimate = estimateMetrics(
      [findMetric("accuracy", "binary")],
      {
        target: { task: "binary", codes, classes: ["a", "b"] },
        predictions: { kind: "probabilities", values, classes: 2 },
      },
      { random: createRandom(1), resamples: 300 },
    ).get("accuracy")!;
    expect(estimate.value).toBe(1);
    expect(estimate.low!).toBeCloseTo(0.8843, 3);
  });

  it("see no difference between equal models", () => {
    const request = binaryRequest(400);
    const same = compareModels(
      request.metric,
      { target: request.target, predictions: request.predictions },
      { name: "twin", predictions: request.predictions },
      context,
    );
    expect(same).toMatchObject({ improvement: 0, verdict: "no-clear-difference", pValue: 1 });
  });

  it("know the normal distribution", () => {
    expect(normalQuantile(0.975)).toBeCloseTo(1.959963984540054, 13);
    expect(normalQuantile(1e-10)).toBeCloseTo(-6.361340902404056, 10);
    expect(normalBelow(-3.5)).toBeCloseTo(2.3262907903552504e-4, 15);
    expect(twoSided(2)).toBeCloseTo(0.04550026389635842, 14);
    expect(wilson(0.5, 10).map((v) => Number(v.toFixed(4)))).toEqual([0.2366, 0.7634]);
    expect(adjustFalseDiscovery([0.01, 0.04, 0.03, 0.005])).toEqual([0.02, 0.04, 0.04, 0.02]);
  });
});

describe("thresholds and gain", () => {
  const { target, predictions } = binaryRequest(2000, false);
  const input = { target, predictions };

  it("finds the threshold theory asks for", () => {
    // With honest probabilities: decide yes where 30 p > 10 (1 - p), so from 0.25 on.
    const table = gainTable({ yes: { yes: 30 }, no: { yes: -10 } }, target.classes);
    expect(gainThreshold(input, table).threshold).toBeGreaterThan(0.15);
    expect(gainThreshold(input, table).threshold).toBeLessThan(0.35);
    const best = chooseThreshold(input, f1Of);
    expect(best.value).toBeGreaterThan(0.6);
    expect(() => gainTable({ maybe: { yes: 1 } }, ["no", "yes"])).toThrow(/names the class "maybe"/);
  });

  it("can decide never and always", () => {
    expect(gainThreshold(input, [[0, -1], [0, -1]]).threshold).toBeGreaterThan(0.99); // biome-ignore format: a table
    expect(gainThreshold(input, [[0, 1], [0, 1]]).threshold).toBe(0); // biome-ignore format: a table
  });
});

describe("permutation importance", () => {
  it("sees what the model uses and ignores what it does not", async () => {
    const request = binaryRequest(600);
    const importances = await permutationImportance({
      metric: findMetric("accuracy", "binary"),
      features: request.features!,
      target: {
        ...request.target,
        codes: Int32Array.from({ length: 600 }, (_, row) => Number(ageOf(row) > 45)),
      },
      predict: (frame) => {
        const ages = frame.columns.get("age") as { values: Float64Array };
        const values = Float64Array.from({ length: 1200 }, (_, i) =>
          Number(ages.values[i >> 1]! > 45 === (i % 2 === 1)),
        );
        return { kind: "probabilities", values, classes: 2 };
      },
      random: createRandom(3),
      repeats: 5,
    });
    function ageOf(row: number): number {
      return (request.features!.columns.get("age") as { values: Float64Array }).values[row]!;
    }
    expect(importances[0]).toMatchObject({ feature: "age" });
    expect(importances[0]!.low!).toBeGreaterThan(0.3);
    expect(importances[1]).toEqual({ feature: "city", value: 0, low: 0, high: 0 });
  });
});
