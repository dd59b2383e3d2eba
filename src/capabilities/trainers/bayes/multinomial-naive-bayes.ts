import { z } from "zod";
import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import {
  type CountState,
  countFeatures,
  type FeatureCounts,
  fittedCounts,
  restoreCountModel,
} from "./count-naive-bayes.js";
import { COUNT_TRAINER, logPriors, smoothingField, uniformPriorField } from "./naive-bayes-model.js";

const config = z.strictObject({ smoothing: smoothingField(), uniformPrior: uniformPriorField() });

/** log((sum_cj + smoothing) / sum_j (sum_cj + smoothing)). */
function logProbabilities({ design, classes, sums }: FeatureCounts, smoothing: number): Float64Array {
  const { width } = design;
  const result = new Float64Array(sums.length);
  for (let k = 0; k < classes.length; k++) {
    let total = 0;
    for (let j = 0; j < width; j++) total += sums[k * width + j]! + smoothing;
    for (let j = 0; j < width; j++) {
      result[k * width + j] = Math.log((sums[k * width + j]! + smoothing) / total);
    }
  }
  return result;
}

export const multinomialNaiveBayes = defineTrainer<typeof config, CountState>({
  id: "multinomial-naive-bayes",
  version: 1,
  summary: "Naive Bayes on counts, as of words in a text.",
  config,
  ...COUNT_TRAINER,
  async fit({ train }, options, context) {
    context.signal.throwIfAborted();
    const counts = countFeatures(train, "multinomial-naive-bayes");
    const weights = logProbabilities(counts, options.smoothing);
    return fittedCounts(counts, weights, logPriors(counts.classes, options.uniformPrior));
  },
  restore: restoreCountModel,
});
