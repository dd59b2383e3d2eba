import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { averageDefined } from "./averaging.js";
import { classInput, scoresOf } from "./inputs.js";
import { averagePrecisionOf, membership } from "./ranking.js";

export const averagePrecision = defineMetric({
  id: "average-precision",
  version: 1,
  title: "Average precision",
  summary: "Precision averaged over recall: the area under the precision-recall steps. For rare positives.",
  config: z.strictObject({
    average: z
      .enum(["macro", "weighted"])
      .default("macro")
      .register(fields, { title: "Average", help: "Of several classes: equally, or by their rows." }),
  }),
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [0, 1],
  compute(metricInput, { average }) {
    const input = classInput(metricInput);
    const figure = (k: number) =>
      averagePrecisionOf({
        scores: scoresOf(input, k),
        positive: membership(input.codes, k),
        weights: input.weights,
      });
    if (input.classCount === 2) return figure(1);
    const classes = Array.from({ length: input.classCount }, (_, k) => k);
    const totals = classes.map((k) =>
      input.codes.reduce((sum, code, row) => sum + (code === k ? (input.weights?.[row] ?? 1) : 0), 0),
    );
    return averageDefined(classes.map(figure), average === "weighted" ? totals : undefined);
  },
});
