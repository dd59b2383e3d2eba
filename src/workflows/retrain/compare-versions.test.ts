import { expect, test } from "vitest";
import { z } from "zod";
import { defineMetric } from "../../foundation/contracts/metric.js";
import { retrainSchema } from "../../foundation/contracts/retrain.js";
import { comparePredictions, passesGate } from "./compare-versions.js";

const largestError = defineMetric({
  ...{ id: "largest-error", version: 1, title: "Largest error", summary: "For a test." },
  ...{ tasks: ["regression"], direction: "minimize", config: z.strictObject({}) },
  range: [0, 1],
  compute({ target, predictions }) {
    if (target.task !== "regression" || predictions.kind !== "values") return Number.NaN;
    return target.values.reduce(
      (most, actual, row) => Math.max(most, Math.abs(predictions.values[row]! - actual)),
      0,
    );
  },
});

test("candidate and champion are compared and gated by a metric of the project's own", () => {
  const values = Float64Array.from({ length: 200 }, (_, row) => (row % 10) / 10);
  const off = (by: number) => ({ kind: "values" as const, values: values.map((value) => value + by) });
  const compared = comparePredictions(
    largestError,
    { target: { task: "regression", values }, predictions: off(0.3) },
    { name: "houses@1", predictions: off(0.25) },
    { signal: new AbortController().signal },
  );
  expect(compared.metric).toBe("largest-error");
  expect(compared.improvement).toBeCloseTo(-0.05, 9);
  const notWorse = retrainSchema.parse({ gate: "not-worse" });
  // A bounded metric's tolerance is in its own unit: as a share of .25 this one would be too little.
  expect(passesGate(compared, largestError, notWorse, 0.06)).toBe(true);
  expect(passesGate(compared, largestError, notWorse, 0.04)).toBe(false);
});
