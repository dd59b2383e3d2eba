import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { confusionMatrix, hits } from "./confusion-matrix.js";
import { classInput } from "./inputs.js";

/** Gorodkin, Comparing two K-category assignments by a K-category correlation coefficient (2004). */
export const matthewsCorrelation = defineMetric({
  id: "mcc",
  version: 1,
  title: "Matthews correlation",
  summary: "Correlation of decided and true classes; 0 for chance, also when classes are unequal in size.",
  config: z.strictObject({}),
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [-1, 1],
  compute(input) {
    const matrix = confusionMatrix(classInput(input));
    if (matrix.total === 0) return Number.NaN;
    let right = 0;
    let crossed = 0;
    let actualSquares = 0;
    let decidedSquares = 0;
    for (let k = 0; k < matrix.classCount; k++) {
      right += hits(matrix, k);
      crossed += matrix.actual[k]! * matrix.decided[k]!;
      actualSquares += matrix.actual[k]! ** 2;
      decidedSquares += matrix.decided[k]! ** 2;
    }
    const square = matrix.total ** 2;
    const spread = (square - actualSquares) * (square - decidedSquares);
    return spread > 0 ? (right * matrix.total - crossed) / Math.sqrt(spread) : 0;
  },
});

/** Cohen, A coefficient of agreement for nominal scales (1960); weighted form (1968). */
export const cohenKappa = defineMetric({
  id: "kappa",
  version: 1,
  title: "Cohen's kappa",
  summary: "Agreement beyond what chance gives; with weights, near misses of ordered classes count less.",
  config: z.strictObject({
    weighting: z.enum(["none", "linear", "quadratic"]).default("none").register(fields, {
      title: "Weighting",
      help: "For ordered classes: how a distance of classes counts.",
    }),
  }),
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [-1, 1],
  compute(input, { weighting }) {
    const { classCount, counts, actual, decided, total } = confusionMatrix(classInput(input));
    let observed = 0;
    let expected = 0;
    for (let a = 0; a < classCount; a++) {
      for (let d = 0; d < classCount; d++) {
        const distance = Math.abs(a - d);
        const cost =
          weighting === "none" ? Math.min(1, distance) : weighting === "linear" ? distance : distance ** 2;
        observed += cost * counts[a * classCount + d]!;
        expected += (cost * actual[a]! * decided[d]!) / total;
      }
    }
    // One class on both sides: nothing to agree about.
    return expected > 0 ? 1 - observed / expected : Number.NaN;
  },
});
