import { z } from "zod";
import { weightedMean } from "../../../foundation/base/statistics.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { classInput } from "./inputs.js";

/** Among equal probabilities the later class ranks first, as in scikit-learn. */
export const topKAccuracy = defineMetric({
  id: "top-k-accuracy",
  version: 1,
  title: "Top-k accuracy",
  summary: "Share of rows whose class is among the k most probable.",
  config: z.strictObject({
    k: z
      .number()
      .int()
      .min(1)
      .default(3)
      .register(fields, { title: "k", help: "Classes that may be named." }),
  }),
  tasks: ["multiclass"],
  direction: "maximize",
  range: [0, 1],
  compute(metricInput, { k }) {
    const { rows, codes, classCount, probabilities, weights } = classInput(metricInput);
    return weightedMean(rows, weights, (row) => {
      const truth = codes[row]!;
      const own = probabilities[row * classCount + truth]!;
      let ahead = 0;
      for (let other = 0; other < classCount; other++) {
        const value = probabilities[row * classCount + other]!;
        if (value > own || (value === own && other > truth)) ahead++;
      }
      return ahead < k ? 1 : 0;
    });
  },
});
