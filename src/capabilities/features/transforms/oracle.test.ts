import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { z } from "zod";
import { workContext } from "../../../../conformance/work-context.js";
import { featureViews } from "../../../foundation/contracts/feature-matrix.js";
import { type Column, createFrame, type Frame } from "../../../foundation/contracts/frame.js";
import type { Target } from "../../../foundation/contracts/target.js";
import type { Transform } from "../../../foundation/contracts/transform.js";
import { hash } from "../host/hash.js";
import { createTokens } from "../host/tokens.js";
import { largestPenalty, lasso } from "../shared/lasso.js";
import { normalQuantile } from "../shared/normal-quantile.js";
import { crossProducts } from "../shared/projection.js";
import { anovaF, chiSquare, mutualInformation, varianceScore } from "../shared/scores.js";
import { bin } from "./bin.js";
import { impute } from "./impute.js";
import { lda } from "./lda.js";
import { minMax } from "./min-max.js";
import { oneHot } from "./one-hot.js";
import { ordinal } from "./ordinal.js";
import { pca } from "./pca.js";
import { quantile } from "./quantile.js";
import { robust } from "./robust.js";
import { standard } from "./standard.js";
import { targetEncode } from "./target-encode.js";
import { tfidf } from "./tfidf.js";
import { yeoJohnson } from "./yeo-johnson.js";

/** Recorded from scikit-learn by test/oracles/features/record.py. */
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/features/expected.json", import.meta.url), "utf8"),
);

const matrixFrame = numberFrame(oracle.matrix);
const cityFrame = createFrame([["city", category(oracle.cities)]]);
const texts = createFrame([["text", { kind: "text", values: oracle.texts }]]);
const classes: Target = {
  task: "multiclass",
  classes: ["0", "1", "2"],
  codes: Int32Array.from(oracle.label),
};
const binary: Target = { task: "binary", classes: ["0", "1"], codes: Int32Array.from(oracle.binary) };
const regression: Target = { task: "regression", values: Float64Array.from(oracle.number) };

describe("transforms agree with scikit-learn", () => {
  it.each(["mean", "median", "mode"])("impute by %s", (strategy) => {
    const { output } = run(impute, numberFrame(oracle.holes), { strategy, indicator: "none" });
    expectRows(output, oracle.impute[strategy]);
  });

  it("standard, robust, min-max", () => {
    expectRows(run(standard, matrixFrame).output, oracle.standard);
    expectRows(run(robust, matrixFrame).output, oracle.robust);
    expectRows(run(minMax, matrixFrame, { low: -1, high: 2 }).output, oracle.minMax);
  });

  it.each(["uniform", "normal"])("quantile to %s", (output) => {
    // scikit-learn sends the extremes to 1e-7, on the other side of a rounding; ours is the same to 1e-6.
    expectRows(run(quantile, matrixFrame, { quantiles: 40, output }).output, oracle.quantile[output], 2e-6);
  });

  it("normal quantile", () => {
    for (const [share, value] of oracle.normalQuantile) expect(normalQuantile(share)).toBeCloseTo(value, 5.9);
  });

  it("Yeo-Johnson: powers of the highest likelihood", () => {
    const { state, output } = run(yeoJohnson, matrixFrame);
    for (const column of [0, 1, 3]) {
      expect(relative(state.parameters.lambda![column]!, oracle.yeoJohnson.lambdas[column])).toBeLessThan(
        1e-5,
      );
    }
    // The third column, one million give or take one, has no curvature that float64 could see.
    expectRows(output, oracle.yeoJohnson.values, 2e-5, [0, 1, 3]);
  });

  it.each(["quantile", "uniform"])("bins of equal %s", (strategy) => {
    expectRows(run(bin, matrixFrame, { bins: 6, strategy }).output, oracle.bin[strategy]);
  });

  it("one-hot and ordinal", () => {
    expectRows(run(oneHot, cityFrame).output, oracle.oneHot);
    expectRows(run(ordinal, cityFrame, { order: "text" }).output, oracle.ordinal);
  });

  it.each([
    ["regressionAuto", regression, null],
    ["regression5", regression, 5],
    ["binary5", binary, 5],
    ["multiclass5", classes, 5],
    ["multiclassAuto", classes, null],
  ] as const)("target encoding: %s", (key, target, smoothing) => {
    const { state, output } = run(targetEncode, cityFrame, { smoothing }, target);
    expectRows(output, oracle.targetEncode[key]);
    const { categories, values } = state.columns[0]!;
    const width = oracle.targetEncode[key][0].length;
    for (const [row, city] of oracle.cities.entries()) {
      const start = categories.indexOf(city) * width;
      for (let k = 0; k < width; k++) {
        expect(relative(values[start + k]!, oracle.targetEncode[key][row][k])).toBeLessThan(1e-9);
      }
    }
  });

  it("TF-IDF of words and word pairs", () => {
    const tokens = run(createTokens(), texts).output;
    const configs = {
      words: {},
      pairs: { maximumGram: 2, sublinear: true, minimumDocuments: 2 },
      plain: { inverseFrequency: false, normalize: false },
    };
    for (const [key, config] of Object.entries(configs)) {
      const { output, state } = run(tfidf, tokens, config);
      const { terms, values } = oracle.tfidf[key];
      const order = state.columns[0]!.terms.map((term) => terms.indexOf(term));
      expect([...order].sort((a, b) => a - b)).toEqual([...terms.keys()]);
      expectRows(
        output,
        values.map((row: number[]) => order.map((column) => row[column]!)),
      );
    }
  });

  it("hashing", () => expectRows(run(hash, texts, { buckets: 16 }).output, oracle.hash));

  it("principal components and discriminants", () => {
    expectRows(run(pca, matrixFrame, { components: 3 }).output, oracle.pca.plain);
    expectRows(run(pca, matrixFrame, { components: 2, whiten: true }).output, oracle.pca.whiten);
    expectRows(signed(run(lda, matrixFrame, {}, classes).output, oracle.lda), oracle.lda, 1e-5);
  });

  it("selection scores", () => {
    const columns = featureViews(matrixFrame).map(({ values }, k) =>
      values.map((x) => x - [0, 0, 1e6, 0][k]!),
    );
    const { fClasses, fNumber, chiSquare: chi, mutualInformation: mutual, variance } = oracle.scores;
    for (const [k, values] of columns.entries()) {
      expect(relative(anovaF(classes)(values), fClasses[k])).toBeLessThan(1e-9);
      expect(relative(anovaF(regression)(values), fNumber[k])).toBeLessThan(1e-9);
      expect(relative(chiSquare(classes)(values.map(Math.abs)), chi[k])).toBeLessThan(1e-9);
      expect(relative(varianceScore(values), variance[k])).toBeLessThan(1e-9);
    }
    const counts = Float32Array.from(oracle.counts);
    const cells = new Set(oracle.counts.map((count: number, row: number) => `${count} ${oracle.label[row]}`))
      .size;
    const bias = (cells - new Set(oracle.counts).size - 3 + 1) / (2 * counts.length);
    expect(mutualInformation(classes)(counts)).toBeCloseTo(mutual - bias, 12);
  });

  it("lasso weights", () => {
    const columns = featureViews(matrixFrame).map(({ values }) => unitLength(values));
    const middle = regression.values.reduce((sum, value) => sum + value, 0) / regression.values.length;
    const moments = Float64Array.from(columns, (column) =>
      column.reduce((sum, value, row) => sum + value * (regression.values[row]! - middle), 0),
    );
    const problem = { gram: crossProducts(columns), moments };
    const weights = lasso(problem, 0.1 * largestPenalty(problem));
    for (const [k, weight] of weights.entries()) {
      expect(Math.abs(weight - oracle.scores.lasso[k])).toBeLessThan(1e-5);
    }
  });
});

function run<Config extends z.ZodObject, State>(
  transform: Transform<Config, State>,
  frame: Frame,
  config: Record<string, unknown> = {},
  target?: Target,
): { state: State; output: Frame } {
  const context = { ...workContext(0), ...(target ? { target } : {}) };
  const state = transform.fit(frame, transform.config.parse(config), context);
  return { state, output: transform.apply(frame, state) };
}

function numberFrame(rows: (number | null)[][]): Frame {
  const columns = rows[0]!.map((_, k): [string, Column] => [
    `x${k}`,
    { kind: "number", values: Float32Array.from(rows, (row) => row[k] ?? Number.NaN) },
  ]);
  return createFrame(columns);
}

function category(values: readonly string[]): Column {
  const dictionary = [...new Set(values)];
  return {
    kind: "category",
    dictionary,
    codes: Int32Array.from(values, (value) => dictionary.indexOf(value)),
  };
}

const relative = (actual: number, expected: number): number =>
  Math.abs(actual - expected) / Math.max(1, Math.abs(expected));

function expectRows(frame: Frame, expected: number[][], tolerance = 1e-6, columns?: number[]): void {
  const views = featureViews(frame);
  expect(views.length).toBe(expected[0]!.length);
  for (const [row, values] of expected.entries()) {
    for (const k of columns ?? values.keys()) {
      const { values: actual, offset, stride, name } = views[k]!;
      const difference = relative(actual[offset + row * stride]!, values[k]!);
      expect(
        difference,
        `row ${row}, ${name}: ${actual[offset + row * stride]} for ${values[k]}`,
      ).toBeLessThan(tolerance);
    }
  }
}

/** Turns components that point the other way round; a direction has no sign. */
function signed(frame: Frame, expected: number[][]): Frame {
  const [[name, column]] = [...frame.columns] as [[string, Column]];
  if (column.kind !== "vector") throw new Error("Expected a vector.");
  const { values, width } = column;
  const turned = values.map((value, i) => {
    const k = i % width;
    return Math.sign(values[k]!) === Math.sign(expected[0]![k]!) ? value : -value;
  });
  return createFrame([[name, { ...column, values: turned }]]);
}

function unitLength(values: Float32Array): Float64Array {
  const middle = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centered = Float64Array.from(values, (value) => value - middle);
  const length = Math.sqrt(centered.reduce((sum, value) => sum + value * value, 0));
  return centered.map((value) => value / length);
}
