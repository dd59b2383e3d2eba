import { z } from "zod";
import { weightedMean } from "../../../foundation/base/statistics.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { valueInput } from "./inputs.js";

export const poissonDeviance = defineMetric({
  id: "poisson-deviance",
  version: 1,
  title: "Poisson deviance",
  summary:
    "Fit of predicted rates to counts. Undefined for negative targets and rates that are not positive.",
  config: z.strictObject({}),
  tasks: ["regression"],
  direction: "minimize",
  range: [0, Number.POSITIVE_INFINITY],
  compute(metricInput) {
    const { rows, weights, actual, predicted } = valueInput(metricInput);
    return weightedMean(rows, weights, (row) => {
      const count = actual[row]!;
      const rate = predicted[row]!;
      if (count < 0 || rate <= 0) return Number.NaN;
      return 2 * ((count === 0 ? 0 : count * Math.log(count / rate)) - count + rate);
    });
  },
});
