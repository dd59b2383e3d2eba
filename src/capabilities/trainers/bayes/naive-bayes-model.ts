/** What the naive Bayes trainers share: log joint scores to probabilities, and the counts they start from. */
import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import type { Predictions } from "../../../foundation/contracts/target.js";
import type { WorkEstimate, WorkSpecification } from "../../../foundation/contracts/trainer.js";
import { softmaxRows } from "../numeric/links.js";

/** Log of each class's share; a class without rows gets the logarithm of the smallest double. */
export function logPriors(counts: Float64Array, uniform: boolean): Float64Array {
  const present = counts.filter((count) => count > 0).length;
  const total = counts.reduce((sum, count) => sum + count, 0);
  return counts.map((count) => {
    const share = count === 0 ? 0 : uniform ? 1 / present : count / total;
    return Math.log(Math.max(share, 1e-300));
  });
}

export function probabilitiesOf(scores: Float64Array, classes: number): Predictions {
  return { kind: "probabilities", values: softmaxRows(scores, classes), classes };
}

export const uniformPriorField = () =>
  z.boolean().default(false).register(fields, {
    title: "Uniform prior",
    help: "Treat all classes as equally likely before seeing the features.",
  });

export const smoothingField = () =>
  z
    .number()
    .positive()
    .default(1)
    .register(fields, {
      title: "Smoothing",
      help: "Added to every count (1 is Laplace's).",
      tune: { low: 1e-3, high: 10, scale: "log" },
    });

/** What the trainers on counts declare. */
export const COUNT_TRAINER = {
  tasks: ["binary", "multiclass"],
  capabilities: {
    features: "counts",
    missingValues: false,
    categories: false,
    sampleWeights: true,
    earlyStopping: false,
  },
  estimate: ({ rows, features }: WorkSpecification): WorkEstimate => ({
    seconds: 0.005 + rows * features * 4e-9,
    bytes: rows * features * 4,
  }),
} as const;
