import { z } from "zod";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { averageDefined } from "./averaging.js";
import { confusionMatrix, hits } from "./confusion-matrix.js";
import { classInput } from "./inputs.js";

const none = z.strictObject({});

export const accuracy = defineMetric({
  id: "accuracy",
  version: 1,
  title: "Accuracy",
  summary: "Share of rows whose class is decided right.",
  config: none,
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [0, 1],
  compute(input) {
    const matrix = confusionMatrix(classInput(input));
    let right = 0;
    for (let k = 0; k < matrix.classCount; k++) right += hits(matrix, k);
    return matrix.total > 0 ? right / matrix.total : Number.NaN;
  },
});

export const balancedAccuracy = defineMetric({
  id: "balanced-accuracy",
  version: 1,
  title: "Balanced accuracy",
  summary: "Mean recall of the classes that occur, so that rare ones count as much as common ones.",
  config: none,
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [0, 1],
  compute(input) {
    const matrix = confusionMatrix(classInput(input));
    return averageDefined(
      Array.from(matrix.actual, (rows, k) => (rows > 0 ? hits(matrix, k) / rows : Number.NaN)),
    );
  },
});
