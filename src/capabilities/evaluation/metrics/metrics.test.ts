import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { ascendingOrder } from "../../../foundation/base/ascending-order.js";
import { createRandom } from "../../../foundation/base/random.js";
import { quantileOfSorted, weightedMedian } from "../../../foundation/base/statistics.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { gainMetric } from "./gain.js";
import { computeMetric, defaultMetric, findMetric, METRICS, reportedMetrics } from "./index.js";

interface OracleCase {
  readonly seed: number;
  readonly rows: number;
  /** 0: regression. */
  readonly classes: number;
  readonly ties: boolean;
  readonly weighted: boolean;
  readonly missing: boolean;
  /** "metric setting=value" -> expected, null where undefined. */
  readonly values: Readonly<Record<string, number | null>>;
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/metrics/expected.json", import.meta.url), "utf8"),
) as { cases: OracleCase[] };

/** The generator of record.py, number for number. */
function uniformFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

function classesInput({ seed, rows, classes, ties, weighted, missing }: OracleCase): MetricInput {
  const uniform = uniformFrom(seed);
  const codes = new Int32Array(rows);
  const values = new Float64Array(rows * classes);
  const weights = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    let code = Math.floor(uniform() * classes);
    if (missing && code === classes - 1) code = 0;
    if (row < classes && !(missing && row === classes - 1)) code = row;
    const raw: number[] = [];
    for (let k = 0; k < classes; k++) {
      const u = uniform();
      const value = ties ? (Math.floor(u * 6) + 1) / 8 : u + 0.01;
      raw.push(value * (k === code && uniform() < 0.6 ? 2 : 1));
    }
    const total = raw.reduce((sum, value) => sum + value, 0);
    codes[row] = code;
    for (let k = 0; k < classes; k++) values[row * classes + k] = raw[k]! / total;
    if (classes === 2) values[row * 2] = 1 - values[row * 2 + 1]!;
    weights[row] = weighted ? Math.floor(uniform() * 40 + 1) / 16 : 1;
  }
  const names = Array.from({ length: classes }, (_, k) => `class ${k}`);
  return {
    target: { task: classes === 2 ? "binary" : "multiclass", codes, classes: names },
    predictions: { kind: "probabilities", values, classes },
    ...(weighted ? { weights } : {}),
  };
}

function valuesInput({ seed, rows, ties, weighted }: OracleCase): MetricInput {
  const uniform = uniformFrom(seed);
  const actual = new Float64Array(rows);
  const predicted = new Float64Array(rows);
  const weights = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const truth = ties ? Math.floor(uniform() * 12) : uniform() * 100;
    const noise = ties ? Math.floor(uniform() * 5) - 2 : uniform() * 20 - 10;
    actual[row] = truth;
    predicted[row] = Math.max(0.25, truth + noise);
    weights[row] = weighted ? Math.floor(uniform() * 40 + 1) / 16 : 1;
  }
  return {
    target: { task: "regression", values: actual },
    predictions: { kind: "values", values: predicted },
    ...(weighted ? { weights } : {}),
  };
}

function parseKey(key: string): { id: string; settings: Record<string, unknown> } {
  const [id = "", ...settings] = key.split(" ");
  const pairs = settings.map((text) => text.split("=") as [string, string]);
  return {
    id,
    settings: Object.fromEntries(pairs.map(([name, v]) => [name, Number.isNaN(Number(v)) ? v : Number(v)])),
  };
}

describe("metrics against scikit-learn", () => {
  const described = oracle.cases.map((one) => [JSON.stringify({ ...one, values: undefined }), one] as const);
  it.each(described)("%s", (_, one) => {
    const input = one.classes > 0 ? classesInput(one) : valuesInput(one);
    for (const [key, expected] of Object.entries(one.values)) {
      const { id, settings } = parseKey(key);
      const metric = METRICS.find((candidate) => candidate.id === id)!;
      const value = computeMetric(metric, input, settings);
      if (expected === null) expect(value, key).toBeNaN();
      else
        expect(Math.abs(value - expected), `${key}: ${value} for ${expected}`).toBeLessThanOrEqual(
          1e-9 * Math.max(1, Math.abs(expected)),
        );
    }
  });

  it("leaves out no metric", () => {
    const covered = new Set(
      oracle.cases.flatMap((one) => Object.keys(one.values).map((key) => parseKey(key).id)),
    );
    expect(METRICS.map((metric) => metric.id).filter((id) => !covered.has(id))).toEqual([]);
  });
});

describe("undefined and extreme input", () => {
  const binary = (codes: number[], positive: number[]): MetricInput => ({
    target: { task: "binary", codes: Int32Array.from(codes), classes: ["no", "yes"] },
    predictions: {
      kind: "probabilities",
      values: Float64Array.from(positive.flatMap((p) => [1 - p, p])),
      classes: 2,
    },
  });
  const by = (id: string, input: MetricInput) =>
    computeMetric(METRICS.find((metric) => metric.id === id)!, input);

  it("says NaN where a figure has no meaning", () => {
    expect(by("auc", binary([1, 1], [0.2, 0.7]))).toBeNaN();
    expect(by("average-precision", binary([0, 0], [0.2, 0.7]))).toBeNaN();
    for (const metric of METRICS.filter((one) => one.tasks.includes("binary"))) {
      expect(computeMetric(metric, binary([], [])), metric.id).toBeNaN();
    }
  });

  it("keeps log loss finite for certain and wrong", () => {
    expect(by("log-loss", binary([1], [0]))).toBeCloseTo(36.04365, 4);
    expect(by("log-loss", binary([1, 0], [1, 0]))).toBeCloseTo(0, 12);
  });

  it("decides by the threshold given", () => {
    const input = binary([0, 1, 1], [0.2, 0.3, 0.9]);
    expect(by("recall", input)).toBe(0.5);
    expect(by("recall", { ...input, threshold: 0.3 })).toBe(1);
  });

  it("refuses input that does not belong together", () => {
    expect(() => by("rmse", binary([0], [0.5]))).toThrow("takes numbers");
    expect(() => by("accuracy", { ...binary([0], [0.5]), weights: new Float64Array(2) })).toThrow(
      "2 weights for 1",
    );
  });

  it("computes gain from a table", () => {
    const metric = gainMetric([
      [0, -20],
      [0, 100],
    ]);
    expect(computeMetric(metric, binary([0, 1, 1, 0], [0.9, 0.8, 0.1, 0.2]))).toBe(20);
  });
});

describe("choice of metrics", () => {
  it("has a default and a list for each task", () => {
    expect(defaultMetric("binary").id).toBe("auc");
    expect(defaultMetric("multiclass").id).toBe("log-loss");
    expect(defaultMetric("regression").id).toBe("rmse");
    for (const task of ["binary", "multiclass", "regression"] as const) {
      expect(reportedMetrics(task).length).toBeGreaterThan(5);
    }
    expect(() => findMetric("auk", "binary")).toThrow(/"auk" does not exist; metrics for binary: auc/);
    expect(() => findMetric("rmse", "binary")).toThrow(/is not for a binary task/);
  });
});

describe("order and quantiles", () => {
  it("sorts like a comparison sort, ties in place", () => {
    const random = createRandom(1);
    for (const rows of [0, 1, 1000, 5000, 70_000]) {
      const values = Float64Array.from({ length: rows }, (_, i) =>
        i % 3 === 0
          ? Math.round(random.normal() * 4) * 1e-300
          : random.normal() * 10 ** (random.integer(40) - 20),
      );
      values[3] = -0;
      values[7] = Number.NEGATIVE_INFINITY;
      const expected = Array.from(values.keys()).sort((a, b) => values[a]! - values[b]! || a - b);
      expect(Array.from(ascendingOrder(values))).toEqual(expected);
    }
  });

  it("finds medians and quantiles", () => {
    expect(weightedMedian(Float64Array.of(3, 1, 2))).toBe(2);
    expect(weightedMedian(Float64Array.of(4, 1, 2, 3))).toBe(2.5);
    expect(weightedMedian(Float64Array.of(1, 2, 9), Float64Array.of(1, 0, 1))).toBe(5);
    expect(weightedMedian(new Float64Array())).toBeNaN();
    expect([0, 0.25, 0.5, 1].map((share) => quantileOfSorted([0, 1, 2, 4], share))).toEqual([
      0, 0.75, 1.5, 4,
    ]);
  });

  it("takes a million rows in its stride", () => {
    const random = createRandom(2);
    const rows = 1_000_000;
    const values = new Float64Array(2 * rows);
    const codes = new Int32Array(rows);
    for (let row = 0; row < rows; row++) {
      const p = random.uniform();
      values[2 * row + 1] = p;
      values[2 * row] = 1 - p;
      codes[row] = random.uniform() < p ? 1 : 0;
    }
    const input: MetricInput = {
      target: { task: "binary", codes, classes: ["0", "1"] },
      predictions: { kind: "probabilities", values, classes: 2 },
    };
    expect(computeMetric(findMetric("auc", "binary"), input)).toBeCloseTo(5 / 6, 2);
  });
});
