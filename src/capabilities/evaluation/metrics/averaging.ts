import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";

/** How figures of single classes become one. */
export const averageField = z
  .enum(["auto", "binary", "macro", "weighted", "micro"])
  .default("auto")
  .register(fields, {
    title: "Average",
    help: "auto: the positive class of two, otherwise macro; macro: classes count equally; weighted: by their rows; micro: over all decisions.",
  });

export type Average = z.infer<typeof averageField>;

export function resolveAverage(average: Average, classCount: number): Exclude<Average, "auto"> {
  if (average !== "auto") return average === "binary" && classCount !== 2 ? "macro" : average;
  return classCount === 2 ? "binary" : "macro";
}

/** Mean of finite values, weighted; NaN when there is none. */
export function averageDefined(values: readonly number[], weights?: readonly number[]): number {
  let sum = 0;
  let total = 0;
  for (const [index, value] of values.entries()) {
    const weight = weights ? weights[index]! : 1;
    if (Number.isNaN(value) || weight === 0) continue;
    sum += weight * value;
    total += weight;
  }
  return total > 0 ? sum / total : Number.NaN;
}
