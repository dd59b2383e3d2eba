import { readFileSync } from "node:fs";
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
import type { Trainer } from "../../../foundation/contracts/trainer.js";
import { elasticNet } from "./elastic-net.js";
import { lasso } from "./lasso.js";
import { leastSquares } from "./least-squares.js";
import { intercepts } from "./linear-model.js";
import { linearSvm } from "./linear-svm.js";
import { logisticRegression } from "./logistic-regression.js";
import type { RegressionState } from "./regression-model.js";
import { ridge } from "./ridge.js";

interface Oracle {
  matrices: Record<string, number[][]>;
  regression: {
    trainer: string;
    config: Record<string, unknown>;
    x: string;
    y: number[];
    weights: number[] | null;
    coefficients: number[];
    intercept: number;
    predictions: number[];
  }[];
  classification: {
    config: Record<string, unknown>;
    x: string;
    y: number[];
    classes: number;
    weights: number[] | null;
    probabilities: number[];
  }[];
  svm: { x: string; y: number[]; inverseRegularization: number; coefficients: number[] }[];
}
const oracle = JSON.parse(
  readFileSync(new URL("../../../../test/oracles/linear/linear.json", import.meta.url), "utf8"),
) as Oracle;
const REGRESSIONS = [leastSquares, ridge, lasso, elasticNet] as unknown as readonly Trainer[];
const weightsOf = (weights: number[] | null) => (weights ? { weights: Float64Array.from(weights) } : {});

describe("linear regression against scikit-learn", () => {
  for (const [index, entry] of oracle.regression.entries()) {
    const title = `${entry.trainer} ${JSON.stringify(entry.config)} on ${entry.x}${entry.weights ? ", weighted" : ""}`;
    test(`${index}: ${title}`, async () => {
      const trainer = REGRESSIONS.find(({ id }) => id === entry.trainer)!;
      const descent = entry.trainer === "lasso" || entry.trainer === "elastic-net";
      const config = trainer.config.parse({
        ...entry.config,
        ...(descent ? { tolerance: 1e-12, maxIterations: 200000 } : {}),
      });
      const features = frameOf(oracle.matrices[entry.x]!);
      const train = { features, target: regressionTargetOf(entry.y), ...weightsOf(entry.weights) };
      const fitted = await trainer.fit({ train }, config, workContext());
      expect(greatestDifference(entry.predictions, fitted.predict(features).values)).toBeLessThan(2e-6);
      const { model } = fitted.state as RegressionState;
      // Dependent columns have many solutions; scikit-learn takes the one of least norm.
      if (entry.x !== "dependent") {
        expect(greatestDifference(entry.coefficients, model.coefficients)).toBeLessThan(1e-6);
        expect(greatestDifference([entry.intercept], intercepts(model))).toBeLessThan(1e-5);
      }
      expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
    });
  }
});

describe("logistic regression against scikit-learn", () => {
  for (const [index, entry] of oracle.classification.entries()) {
    test(`${index}: ${JSON.stringify(entry.config)}, ${entry.classes} classes`, async () => {
      const config = logisticRegression.config.parse({
        ...entry.config,
        tolerance: 1e-9,
        maxIterations: 20000,
      });
      const features = frameOf(oracle.matrices[entry.x]!);
      const train = { features, target: classTarget(entry.y, entry.classes), ...weightsOf(entry.weights) };
      const fitted = await logisticRegression.fit({ train }, config, workContext());
      const predictions = fitted.predict(features);
      expect(greatestDifference(entry.probabilities, predictions.values)).toBeLessThan(1e-6);
      expect(rowSumGap(predictions)).toBeLessThan(1e-12);
      expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
    });
  }
});

describe("linear SVM", () => {
  for (const entry of oracle.svm) {
    test(`finds the optimum of the squared hinge, C = ${entry.inverseRegularization}`, async () => {
      const config = linearSvm.config.parse({ inverseRegularization: entry.inverseRegularization });
      const features = frameOf(oracle.matrices[entry.x]!);
      const fitted = await linearSvm.fit(
        { train: { features, target: classTarget(entry.y, 2) } },
        config,
        workContext(),
      );
      const { model } = fitted.state;
      const found = [...model.coefficients, ...intercepts(model)];
      expect(greatestDifference(entry.coefficients, found)).toBeLessThan(1e-4);
      expect(await parityGap(fitted, features)).toBeLessThan(1e-5);
    });
  }
});
