import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { defineTrainer } from "../../../foundation/contracts/trainer.js";
import {
  type CountState,
  countFeatures,
  type FeatureCounts,
  fittedCounts,
  restoreCountModel,
} from "./count-naive-bayes.js";
import { COUNT_TRAINER, logPriors, smoothingField } from "./naive-bayes-model.js";

const config = z.strictObject({
  smoothing: smoothingField(),
  normalize: z
    .boolean()
    .default(false)
    .register(fields, {
      title: "Normalise weights",
      help: "Divide the weights of each class by their absolute sum.",
      tune: { choices: [false, true] },
    }),
  prior: z
    .boolean()
    .default(true)
    .register(fields, {
      title: "Use class shares",
      help: "Add the log of each class's share, as the method's authors do; scikit-learn does not.",
      tune: { choices: [false, true] },
    }),
});

/** Minus the log probabilities of the features outside each class. */
function complementWeights(
  { design, classes, sums }: FeatureCounts,
  smoothing: number,
  normalize: boolean,
): Float64Array {
  const { width } = design;
  const result = new Float64Array(sums.length);
  const everywhere = new Float64Array(width);
  for (let i = 0; i < sums.length; i++) everywhere[i % width]! += sums[i]!;
  for (let k = 0; k < classes.length; k++) {
    const outside = everywhere.map((sum, j) => Math.max(0, sum - sums[k * width + j]!) + smoothing);
    const total = outside.reduce((sum, value) => sum + value, 0);
    const logs = outside.map((value) => Math.log(value / total));
    // The sum of the logs is negative, so that dividing by it turns the sign as well.
    const divisor = normalize ? logs.reduce((sum, value) => sum + value, 0) || -1 : -1;
    for (let j = 0; j < width; j++) result[k * width + j] = logs[j]! / divisor;
  }
  return result;
}

/** Scores each class by what the others do not look like; steadier than multinomial on unequal classes. */
export const complementNaiveBayes = defineTrainer<typeof config, CountState>({
  id: "complement-naive-bayes",
  version: 1,
  summary: "Complement naive Bayes on counts, for unequal classes.",
  config,
  ...COUNT_TRAINER,
  async fit({ train }, options, context) {
    context.signal.throwIfAborted();
    const counts = countFeatures(train, "complement-naive-bayes");
    const weights = complementWeights(counts, options.smoothing, options.normalize);
    const { classes } = counts;
    return fittedCounts(counts, weights, options.prior ? logPriors(classes, false) : absentClasses(classes));
  },
  restore: restoreCountModel,
});

/** Without a prior a class that has no rows would win every tie. */
function absentClasses(counts: Float64Array): Float64Array {
  return logPriors(counts, true).map((prior, k) => (counts[k]! > 0 ? 0 : prior));
}
