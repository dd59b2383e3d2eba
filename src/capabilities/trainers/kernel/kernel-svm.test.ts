import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  classTarget,
  frameOf,
  greatestDifference,
  parityGap,
  regressionTargetOf,
  rowSumGap,
} from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createRandom } from "../../../foundation/base/random.js";
import type { KernelState } from "./kernel-model.js";
import { kernelSvm } from "./kernel-svm.js";
import { pairCoupling } from "./pair-coupling.js";

interface Oracle {
  x: number[][];
  binary: number[];
  three: number[];
  values: number[];
  classification: {
    target: "binary" | "three";
    inverseRegularization: number;
    weights: number[] | null;
    decisions: number[];
    support: number;
    accuracy: number;
  }[];
  regression: {
    inverseRegularization: number;
    epsilon: number;
    weights: number[] | null;
    predictions: number[];
  }[];
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/kernel/kernel.json", import.meta.url), "utf8"),
) as Oracle;
const features = frameOf(oracle.x);
const weightsOf = (weights: number[] | null) => (weights ? { weights: Float64Array.from(weights) } : {});

/** Decisions computed from the state by the definition. */
function decisionsOf({ points, rows, width, gamma, coefficients, biases }: KernelState): number[] {
  return oracle.x.flatMap((x) =>
    Array.from(biases, (bias, k) => {
      let sum = -bias;
      for (let i = 0; i < rows; i++) {
        let squared = 0;
        for (let j = 0; j < width; j++) squared += (points[i * width + j]! - Math.fround(x[j]!)) ** 2;
        sum += coefficients[k * rows + i]! * Math.exp(-gamma * squared);
      }
      return sum;
    }),
  );
}

describe("kernel SVM against LIBSVM", () => {
  for (const [index, entry] of oracle.classification.entries()) {
    test(`${index}: ${entry.target}, C = ${entry.inverseRegularization}${entry.weights ? ", weighted" : ""}`, async () => {
      const classes = entry.target === "binary" ? 2 : 3;
      const target = classTarget(oracle[entry.target], classes);
      const config = kernelSvm.config.parse({
        inverseRegularization: entry.inverseRegularization,
        tolerance: 1e-6,
      });
      const train = { features, target, ...weightsOf(entry.weights) };
      const fitted = await kernelSvm.fit({ train }, config, workContext());
      expect(greatestDifference(entry.decisions, decisionsOf(fitted.state))).toBeLessThan(2e-5);
      expect(Math.abs(fitted.state.rows - entry.support)).toBeLessThanOrEqual(1);
      const predictions = fitted.predict(features);
      expect(rowSumGap(predictions)).toBeLessThan(1e-12);
      expect(await parityGap(fitted, features)).toBeLessThan(1e-6);
      let right = 0;
      for (const [row, code] of target.codes.entries()) {
        const row0 = predictions.values.subarray(row * classes, (row + 1) * classes);
        if (row0.indexOf(Math.max(...row0)) === code) right++;
      }
      // The most probable class is not always the one with the most votes.
      expect(right / target.codes.length).toBeGreaterThan(entry.accuracy - 0.06);
    });
  }
  for (const [index, entry] of oracle.regression.entries()) {
    test(`${index}: regression, C = ${entry.inverseRegularization}, epsilon = ${entry.epsilon}`, async () => {
      const { inverseRegularization, epsilon } = entry;
      const config = kernelSvm.config.parse({
        inverseRegularization,
        epsilon,
        standardizeTarget: false,
        tolerance: 1e-6,
      });
      const train = { features, target: regressionTargetOf(oracle.values), ...weightsOf(entry.weights) };
      const fitted = await kernelSvm.fit({ train }, config, workContext());
      expect(greatestDifference(entry.predictions, fitted.predict(features).values)).toBeLessThan(2e-5);
      expect(await parityGap(fitted, features)).toBeLessThan(1e-6);
    });
  }
});

test("a large target is learned as well as a small one", async () => {
  const config = kernelSvm.config.parse({});
  const fitScaled = (factor: number) => {
    const target = regressionTargetOf(oracle.values.map((value) => factor * value));
    return kernelSvm.fit({ train: { features, target } }, config, workContext());
  };
  const small = (await fitScaled(1)).predict(features).values;
  const large = (await fitScaled(1e6)).predict(features).values;
  expect(
    greatestDifference(
      small,
      large.map((value) => value / 1e6),
    ),
  ).toBeLessThan(1e-6);
});

test("more rows than the cap, an absent class, a class of one row, constant features", async () => {
  const random = createRandom(1);
  const rows = Array.from({ length: 300 }, () => [random.normal(), 5, random.normal()]);
  const codes = rows.map(([x], row) => (row === 0 ? 3 : x! > 0 ? 1 : 0));
  const train = { features: frameOf(rows), target: classTarget(codes, 4) };
  const config = kernelSvm.config.parse({ maximumRows: 100 });
  const fitted = await kernelSvm.fit({ train }, config, workContext(5));
  expect(fitted.diagnostics.notes?.[0]).toMatch(/of 300 rows/);
  const query = frameOf([
    [2, 5, 0],
    [-2, 5, 0],
    [Number.NaN, Number.NEGATIVE_INFINITY, 1e20],
  ]);
  const { values } = fitted.predict(query);
  expect(values.every(Number.isFinite)).toBe(true);
  expect(values[1]).toBeGreaterThan(0.6);
  expect(values[4]).toBeGreaterThan(0.6);
  expect(await parityGap(fitted, query)).toBeLessThan(1e-6);
});

test("coupling gives back probabilities whose pairs agree", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -8, max: 8, noNaN: true }), { minLength: 2, maxLength: 2 }),
      (scores) => {
        const [a, b] = scores as [number, number];
        // Consistent logits of three classes with scores 0, a, b.
        const { 0: p0, 1: p1, 2: p2 } = pairCoupling(Float64Array.of(a, b, b - a), 3);
        const total = 1 + Math.exp(a) + Math.exp(b);
        expect(p0).toBeCloseTo(1 / total, 10);
        expect(p1).toBeCloseTo(Math.exp(a) / total, 10);
        expect(p2).toBeCloseTo(Math.exp(b) / total, 10);
      },
    ),
  );
});
