import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  frameOf,
  greatestDifference,
  parityGap,
  regressionTargetOf,
} from "../../../../conformance/trainer-testing.js";
import { workContext } from "../../../../conformance/work-context.js";
import { createRandom } from "../../../foundation/base/random.js";
import { createFrame } from "../../../foundation/contracts/frame.js";
import type { Trainer } from "../../../foundation/contracts/trainer.js";
import { elasticNet } from "./elastic-net.js";
import { lasso } from "./lasso.js";
import { leastSquares } from "./least-squares.js";
import { linearSvm } from "./linear-svm.js";
import { logisticRegression } from "./logistic-regression.js";
import type { RegressionState } from "./regression-model.js";
import { ridge } from "./ridge.js";

/** Rows of standard normal numbers; the target depends on the first three columns. */
function wideSample(rows: number, width: number) {
  const random = createRandom("wide");
  const values = Float32Array.from({ length: rows * width }, () => random.normal());
  const target = Float64Array.from({ length: rows }, (_, row) => {
    const base = row * width;
    return 3 * values[base]! - 2 * values[base + 1]! + values[base + 2]! + 10 + 0.1 * random.normal();
  });
  const features = createFrame([["x", { kind: "vector", values, width }]]);
  return { features, target: regressionTargetOf(target), values };
}

describe("iterative ways meet the optimum as well", () => {
  test("ridge with more than 800 rows and columns solves its normal equations", async () => {
    const [rows, width, strength] = [900, 850, 5];
    const { features, target, values } = wideSample(rows, width);
    const config = ridge.config.parse({ penaltyStrength: strength });
    const fitted = await ridge.fit({ train: { features, target } }, config, workContext());
    const predicted = fitted.predict(features).values;
    const { coefficients } = (fitted.state as RegressionState).model;
    for (let j = 0; j < width; j += 17) {
      let product = 0;
      for (let row = 0; row < rows; row++)
        product += values[row * width + j]! * (target.values[row]! - predicted[row]!);
      expect(product - strength * coefficients[j]!).toBeCloseTo(0, 2);
    }
  });

  test("lasso and elastic net on wide designs find the same as on narrow ones", async () => {
    const { features, target } = wideSample(150, 1100);
    for (const trainer of [lasso, elasticNet] as unknown as Trainer[]) {
      const config = trainer.config.parse({ penaltyStrength: 0.2, tolerance: 1e-8, maxIterations: 10000 });
      const wide = await trainer.fit({ train: { features, target } }, config, workContext());
      const column = features.columns.get("x") as { values: Float32Array };
      const { coefficients } = (wide.state as RegressionState).model;
      // Coefficients of 0 do not matter: without their columns the narrow way must find the same.
      const kept = [...coefficients.keys()].filter((j) => coefficients[j] !== 0);
      expect(kept.length).toBeLessThan(1000);
      const rows = Array.from({ length: 150 }, (_, row) => kept.map((j) => column.values[row * 1100 + j]!));
      const narrow = await trainer.fit({ train: { features: frameOf(rows), target } }, config, workContext());
      const found = (narrow.state as RegressionState).model.coefficients;
      expect(
        greatestDifference(
          found,
          kept.map((j) => coefficients[j]!),
        ),
      ).toBeLessThan(1e-4);
      expect(wide.diagnostics.notes).toEqual([]);
    }
  });
});

test("graph and prediction agree for features of any scale and place", async () => {
  const column = fc.record({
    scale: fc.constantFrom(1e-3, 1, 40, 1e4),
    shift: fc.constantFrom(0, -3, 2000, 1.7e9),
  });
  const columns = fc.array(column, { minLength: 1, maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(columns, fc.integer({ min: 0, max: 1000 }), async (shapes, seed) => {
      const random = createRandom(seed);
      const rows = Array.from({ length: 60 }, () =>
        shapes.map(({ scale, shift }) => scale * random.normal() + shift),
      );
      const features = frameOf(rows);
      const signal = rows.map(
        (row) => (row[0]! - shapes[0]!.shift) / shapes[0]!.scale + 0.5 * random.normal(),
      );
      const classes = {
        task: "binary",
        classes: ["no", "yes"],
        codes: Int32Array.from(signal, (value) => (value > 0 ? 1 : 0)),
      } as const;
      for (const trainer of [logisticRegression, linearSvm] as unknown as Trainer[]) {
        const fitted = await trainer.fit(
          { train: { features, target: classes } },
          trainer.config.parse({}),
          workContext(),
        );
        expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
      }
      const target = regressionTargetOf(signal.map((value) => 1e5 + 1e3 * value));
      for (const trainer of [leastSquares, ridge, lasso] as unknown as Trainer[]) {
        const fitted = await trainer.fit(
          { train: { features, target } },
          trainer.config.parse({}),
          workContext(),
        );
        expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
      }
    }),
    { numRuns: 20 },
  );
});

test("training on a missing value is refused with trainer, column and row; predicting reads it as 0", async () => {
  const broken = { features: frameOf([[1], [Number.NaN]], ["age"]), target: regressionTargetOf([1, 2]) };
  const config = ridge.config.parse({});
  await expect(ridge.fit({ train: broken }, config, workContext())).rejects.toMatchObject({
    code: "TRAINING_FAILED",
    details: { trainer: "ridge", column: "age", row: 1 },
  });
  const train = { features: frameOf([[1], [3]], ["age"]), target: regressionTargetOf([1, 2]) };
  const fitted = await ridge.fit({ train }, config, workContext());
  const query = frameOf([[0], [Number.NaN], [Number.POSITIVE_INFINITY]], ["age"]);
  const [zero, missing, infinite] = fitted.predict(query).values;
  expect(missing).toBe(zero);
  expect(infinite).toBe(zero);
  expect(await parityGap(fitted, query)).toBeLessThan(1e-6);
});

test("importance goes to the features that matter, whatever their unit", async () => {
  const random = createRandom(4);
  const rows = Array.from({ length: 200 }, () => [random.normal(), 1000 * random.normal(), random.normal()]);
  const target = regressionTargetOf(rows.map(([a, b]) => 3 * a! + b! / 1000 + 0.01 * random.normal()));
  const train = { features: frameOf(rows, ["strong", "large", "none"]), target };
  const { diagnostics } = await leastSquares.fit({ train }, leastSquares.config.parse({}), workContext());
  expect(diagnostics.importance?.strong).toBeCloseTo(0.75, 1);
  expect(diagnostics.importance?.large).toBeCloseTo(0.25, 1);
  expect(diagnostics.importance?.none).toBeLessThan(0.01);
});
