import { z } from "zod";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { confusionMatrix } from "./confusion-matrix.js";
import { classInput } from "./inputs.js";

/**
 * What decisions bring on average, for a table `gain[actual][decided]` by class position. It needs the business's
 * own table, so it is made for a project and not listed among the general metrics.
 */
export function gainMetric(gain: readonly (readonly number[])[]) {
  const values = gain.flat();
  return defineMetric({
    id: "gain",
    version: 1,
    title: "Gain per row",
    summary: "Mean gain (negative: cost) of the decisions by the project's table of outcomes.",
    config: z.strictObject({}),
    tasks: ["binary", "multiclass"],
    direction: "maximize",
    range: [Math.min(...values), Math.max(...values)],
    compute(metricInput) {
      const matrix = confusionMatrix(classInput(metricInput));
      if (matrix.total === 0) return Number.NaN;
      let sum = 0;
      for (let a = 0; a < matrix.classCount; a++) {
        for (let d = 0; d < matrix.classCount; d++) {
          sum += matrix.counts[a * matrix.classCount + d]! * (gain[a]?.[d] ?? 0);
        }
      }
      return sum / matrix.total;
    },
  });
}
