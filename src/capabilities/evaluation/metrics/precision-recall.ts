import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric, type MetricInput } from "../../../foundation/contracts/metric.js";
import { type Average, averageDefined, averageField, resolveAverage } from "./averaging.js";
import { type ConfusionMatrix, confusionMatrix, hits, occurringClasses } from "./confusion-matrix.js";
import { classInput, ratio } from "./inputs.js";

/** One class or all of them: weights of rows decided right, decided so, and truly so. */
interface Outcome {
  readonly right: number;
  readonly decided: number;
  readonly actual: number;
}

/** 0 where nothing was decided so, or nothing is (the convention of scikit-learn's `zero_division=0`). */
function averageOutcomes(input: MetricInput, average: Average, figure: (outcome: Outcome) => number): number {
  const matrix = confusionMatrix(classInput(input));
  if (matrix.total === 0) return Number.NaN;
  const kind = resolveAverage(average, matrix.classCount);
  if (kind === "binary") return figure(outcomeOf(matrix, 1));
  const classes = occurringClasses(matrix);
  if (kind === "micro") {
    const right = classes.reduce((sum, k) => sum + hits(matrix, k), 0);
    return figure({ right, decided: matrix.total, actual: matrix.total });
  }
  const values = classes.map((k) => figure(outcomeOf(matrix, k)));
  return averageDefined(values, kind === "weighted" ? classes.map((k) => matrix.actual[k]!) : undefined);
}

function outcomeOf(matrix: ConfusionMatrix, k: number): Outcome {
  return { right: hits(matrix, k), decided: matrix.decided[k]!, actual: matrix.actual[k]! };
}

/** Van Rijsbergen, Information Retrieval (1979), chapter 7. */
function fMeasure({ right, decided, actual }: Outcome, beta: number): number {
  const square = beta * beta;
  return ratio((1 + square) * right, square * actual + decided);
}

const averaged = z.strictObject({ average: averageField });
const common = {
  version: 1,
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [0, 1],
} as const;

export const precision = defineMetric({
  ...common,
  id: "precision",
  title: "Precision",
  summary: "Share of rows decided as a class that belong to it.",
  config: averaged,
  compute: (input, { average }) =>
    averageOutcomes(input, average, ({ right, decided }) => ratio(right, decided)),
});

export const recall = defineMetric({
  ...common,
  id: "recall",
  title: "Recall",
  summary: "Share of a class's rows that are found.",
  config: averaged,
  compute: (input, { average }) =>
    averageOutcomes(input, average, ({ right, actual }) => ratio(right, actual)),
});

export const f1 = defineMetric({
  ...common,
  id: "f1",
  title: "F1",
  summary: "Harmonic mean of precision and recall.",
  config: averaged,
  compute: (input, { average }) => averageOutcomes(input, average, (outcome) => fMeasure(outcome, 1)),
});

export const fBeta = defineMetric({
  ...common,
  id: "f-beta",
  title: "F-beta",
  summary: "Precision and recall together, recall counting beta times as much.",
  config: z.strictObject({
    average: averageField,
    beta: z
      .number()
      .positive()
      .max(100)
      .default(2)
      .register(fields, { title: "Beta", help: "2 favours recall, 0.5 favours precision." }),
  }),
  compute: (input, { average, beta }) =>
    averageOutcomes(input, average, (outcome) => fMeasure(outcome, beta)),
});
