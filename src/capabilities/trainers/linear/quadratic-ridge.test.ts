import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import {
  classTarget,
  frameOf,
  greatestDifference,
  parityGap,
  regressionTargetOf,
} from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createRandom } from "../../../foundation/base/random.js";
import { quadraticRidge } from "./quadratic-ridge.js";

interface Oracle {
  x: number[][];
  query: number[][];
  values: number[];
  weights: number[];
  cases: { rows: number; penalty: number; weighted: boolean; predictions: number[] }[];
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/linear/quadratic.json", import.meta.url), "utf8"),
) as Oracle;

describe("quadratic ridge against scikit-learn", () => {
  for (const { rows, penalty, weighted, predictions } of oracle.cases) {
    test(`${rows} rows, penalty ${penalty}${weighted ? ", weighted" : ""}`, async () => {
      const train = {
        features: frameOf(oracle.x.slice(0, rows)),
        target: regressionTargetOf(oracle.values.slice(0, rows)),
        ...(weighted ? { weights: Float64Array.from(oracle.weights.slice(0, rows)) } : {}),
      };
      const config = quadraticRidge.config.parse({ selection: "none", penalty });
      const fitted = await quadraticRidge.fit({ train }, config, workContext());
      const query = frameOf(oracle.query);
      expect(greatestDifference(predictions, fitted.predict(query).values)).toBeLessThan(1e-8);
      expect(await parityGap(fitted, query)).toBeLessThan(1e-6);
    });
  }
});

test("learns an interaction that no linear model sees, and leaves out what says nothing", async () => {
  const random = createRandom(1);
  const rows = Array.from({ length: 300 }, (_, row) => {
    const kind = row % 3;
    return [random.normal(), random.normal(), kind === 0 ? 1 : 0, kind === 1 ? 1 : 0];
  });
  const codes = rows.map(([a, b]) => (a! * b! + 0.2 * random.normal() > 0 ? 1 : 0));
  const half = (start: number) => ({
    features: frameOf(rows.slice(start, start + 150)),
    target: classTarget(codes.slice(start, start + 150), 2),
  });
  const fitted = await quadraticRidge.fit({ train: half(0) }, quadraticRidge.config.parse({}), workContext());
  // a^2, ab, b^2 and both with the two indicators; neither their squares nor their product.
  expect(fitted.state.left.length).toBe(7);
  const test = half(150);
  const { values } = fitted.predict(test.features);
  const right = test.target.codes.filter((code, row) => values[2 * row + 1]! > 0.5 === (code === 1)).length;
  expect(right).toBeGreaterThan(120);
});
