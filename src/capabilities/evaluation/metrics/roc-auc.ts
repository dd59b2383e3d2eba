import { z } from "zod";
import { gather } from "../../../foundation/base/gather.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineMetric } from "../../../foundation/contracts/metric.js";
import { averageDefined } from "./averaging.js";
import { type ClassInput, classInput, scoresOf } from "./inputs.js";
import { areaUnderRoc, membership } from "./ranking.js";

const config = z.strictObject({
  multiclass: z
    .enum(["one-vs-rest", "one-vs-one"])
    .default("one-vs-rest")
    .register(fields, { title: "Several classes", help: "Each class against all others, or in pairs." }),
  average: z
    .enum(["macro", "weighted"])
    .default("macro")
    .register(fields, { title: "Average", help: "Classes (or pairs) count equally, or by their rows." }),
});

/** Binary: the positive class. Several classes: Fawcett (2006) or, in pairs, Hand and Till (2001). */
export const rocAuc = defineMetric({
  id: "auc",
  version: 1,
  title: "ROC AUC",
  summary: "Chance that a row of the class scores above one that is not of it.",
  config,
  tasks: ["binary", "multiclass"],
  direction: "maximize",
  range: [0, 1],
  compute(metricInput, { multiclass, average }) {
    const input = classInput(metricInput);
    if (input.classCount === 2) return oneAgainstRest(input, 1);
    return multiclass === "one-vs-rest" ? oneVersusRest(input, average) : oneVersusOne(input, average);
  },
});

function oneAgainstRest(input: ClassInput, k: number): number {
  return areaUnderRoc({
    scores: scoresOf(input, k),
    positive: membership(input.codes, k),
    weights: input.weights,
  });
}

/** Classes without rows have no curve and are left out. */
function oneVersusRest(input: ClassInput, average: "macro" | "weighted"): number {
  const classes = Array.from({ length: input.classCount }, (_, k) => k);
  const areas = classes.map((k) => oneAgainstRest(input, k));
  return averageDefined(areas, average === "weighted" ? Array.from(classWeights(input)) : undefined);
}

function oneVersusOne(input: ClassInput, average: "macro" | "weighted"): number {
  const totals = classWeights(input);
  const areas: number[] = [];
  const shares: number[] = [];
  for (let a = 0; a < input.classCount; a++) {
    for (let b = a + 1; b < input.classCount; b++) {
      if (totals[a] === 0 || totals[b] === 0) continue;
      const rows = input.codes.reduce<number[]>((list, code, row) => {
        if (code === a || code === b) list.push(row);
        return list;
      }, []);
      areas.push((pairArea(input, rows, a) + pairArea(input, rows, b)) / 2);
      shares.push(totals[a]! + totals[b]!);
    }
  }
  return averageDefined(areas, average === "weighted" ? shares : undefined);
}

function pairArea(input: ClassInput, rows: readonly number[], k: number): number {
  const { weights } = input;
  return areaUnderRoc({
    scores: Float64Array.from(rows, (row) => input.probabilities[row * input.classCount + k]!),
    positive: Uint8Array.from(rows, (row) => (input.codes[row] === k ? 1 : 0)),
    weights: weights && gather(weights, rows),
  });
}

function classWeights({ codes, classCount, weights }: ClassInput): Float64Array {
  const totals = new Float64Array(classCount);
  for (let row = 0; row < codes.length; row++) totals[codes[row]!]! += weights ? weights[row]! : 1;
  return totals;
}
