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
import { nearestNeighbours } from "./nearest-neighbours.js";

interface Oracle {
  train: number[][];
  query: number[][];
  labels: number[];
  values: number[];
  cases: {
    neighbours: number;
    weighting: "uniform" | "distance";
    probabilities: number[];
    predictions: number[];
  }[];
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/neighbours/neighbours.json", import.meta.url), "utf8"),
) as Oracle;

describe("nearest neighbours against scikit-learn", () => {
  for (const { neighbours, weighting, probabilities, predictions } of oracle.cases) {
    test(`${neighbours} neighbours, ${weighting}`, async () => {
      const config = nearestNeighbours.config.parse({ neighbours, weighting });
      const features = frameOf(oracle.train);
      const query = frameOf(oracle.query);
      const classes = { features, target: classTarget(oracle.labels, 3) };
      const classifier = await nearestNeighbours.fit({ train: classes }, config, workContext());
      // Distances are compared in steps of 2^-26 of their mean, which shows in the weights.
      expect(greatestDifference(probabilities, classifier.predict(query).values)).toBeLessThan(1e-7);
      expect(rowSumGap(classifier.predict(query))).toBeLessThan(1e-12);
      expect(await parityGap(classifier, query)).toBeLessThan(1e-6);
      const values = { features, target: regressionTargetOf(oracle.values) };
      const regressor = await nearestNeighbours.fit({ train: values }, config, workContext());
      expect(greatestDifference(predictions, regressor.predict(query).values)).toBeLessThan(1e-7);
      expect(await parityGap(regressor, query)).toBeLessThan(1e-6);
    });
  }
});

test("duplicates and grid points, where ties are the rule, agree with the graph", async () => {
  const cell = fc.constantFrom(-1.3, 0, 0.1, 0.7, 2.4e4);
  const row = fc.tuple(cell, cell, cell, cell, cell, cell, cell, cell, cell);
  const rows = fc.array(row, { minLength: 12, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(rows, fc.integer({ min: 1, max: 9 }), async (points, neighbours) => {
      const features = frameOf(points);
      const target = classTarget(
        points.map((_, i) => i % 3),
        3,
      );
      for (const weighting of ["uniform", "distance"] as const) {
        const config = nearestNeighbours.config.parse({ neighbours, weighting });
        const fitted = await nearestNeighbours.fit({ train: { features, target } }, config, workContext());
        expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
      }
    }),
    { numRuns: 25 },
  );
});

test("more rows than the cap: a seeded sample, classes in proportion, said in the notes", async () => {
  const rows = Array.from({ length: 500 }, (_, i) => [i, i % 7]);
  const target = classTarget(
    rows.map((_, i) => (i % 10 === 0 ? 1 : 0)),
    2,
  );
  const config = nearestNeighbours.config.parse({ maximumRows: 100 });
  const train = { features: frameOf(rows), target };
  const one = await nearestNeighbours.fit({ train }, config, workContext(3));
  const two = await nearestNeighbours.fit({ train }, config, workContext(3));
  expect(one.state).toEqual(two.state);
  expect(one.state.rows).toBe(100);
  expect([...one.state.targets].filter((code) => code === 1).length).toBe(10);
  expect(one.diagnostics.notes?.[0]).toContain("100 of 500");
});

test("fewer rows than neighbours, and a single row", async () => {
  const train = { features: frameOf([[1, 2]]), target: regressionTargetOf([7]) };
  const fitted = await nearestNeighbours.fit({ train }, nearestNeighbours.config.parse({}), workContext());
  const query = frameOf([
    [5, 5],
    [Number.NaN, 1e30],
  ]);
  expect([...fitted.predict(query).values]).toEqual([7, 7]);
  expect(await parityGap(fitted, query)).toBe(0);
});

test("softened weights are one over a power of distance plus a share of the typical one", async () => {
  const points = [[0], [1], [3], [4]];
  const train = { features: frameOf(points), target: regressionTargetOf([1, 2, 4, 8]) };
  const options = { weighting: "distance", neighbours: 4, power: 3, softening: 0.1 };
  const fitted = await nearestNeighbours.fit(
    { train },
    nearestNeighbours.config.parse(options),
    workContext(),
  );
  // Mean squared distance of two points, themselves included: 2 * variance = 5.
  const weights = [0.5, 0.5, 2.5, 3.5].map((distance) => (distance + 0.1 * Math.sqrt(5)) ** -3);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const expected = [1, 2, 4, 8].reduce((sum, value, i) => sum + (weights[i]! / total) * value, 0);
  expect(fitted.predict(frameOf([[0.5]])).values[0]).toBeCloseTo(expected, 6);
});

test("the selection leaves each row out: noise asks for many neighbours, a clean surface for few", async () => {
  const random = createRandom(1);
  const x = Array.from({ length: 400 }, () => [random.normal(), random.normal()]);
  const chosen = async (noise: number) => {
    const values = x.map(([a, b]) => Math.sin(2 * a!) + b! + noise * random.normal());
    const train = { features: frameOf(x), target: regressionTargetOf(values) };
    const config = nearestNeighbours.config.parse({ selection: "leave-one-out" });
    return (await nearestNeighbours.fit({ train }, config, workContext())).state.neighbours;
  };
  expect(await chosen(0)).toBeLessThan(10);
  expect(await chosen(3)).toBeGreaterThan(20);
});
