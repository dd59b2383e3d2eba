import { z } from "zod";
import { fields } from "../../../foundation/contracts/extension.js";
import { definePruner } from "../../../foundation/contracts/pruner.js";
import type { IntermediateValue, Observation } from "../../../foundation/contracts/sampler.js";
import { signedRankGreater } from "../numeric/signed-rank.js";
import { completed, reportAt } from "./reports.js";

const mean = (steps: readonly IntermediateValue[]) =>
  steps.reduce((sum, { value }) => sum + value, 0) / steps.length;
const allFinite = (steps: readonly IntermediateValue[]) => steps.every(({ value }) => Number.isFinite(value));

/**
 * For trials whose steps are folds: each report is the value of one fold. Compares with the best completed trial,
 * fold by fold (Wilcoxon's signed-rank test), and stops where it is probably worse; never where its mean so far is
 * as good. As Optuna's WilcoxonPruner.
 */
export const wilcoxonPruner = definePruner({
  id: "wilcoxon",
  version: 1,
  summary: "Stops a trial that is significantly worse than the best one over the folds both have done.",
  config: z.strictObject({
    significance: z.number().gt(0).max(0.5).default(0.1).register(fields, {
      title: "Stop below this p value",
      help: "With 4 folds the smallest possible p value is 0.0625.",
    }),
    warmup: z
      .number()
      .int()
      .min(0)
      .default(2)
      .register(fields, { title: "Folds every trial may do", unit: "folds" }),
  }),
  prune({ trial, peers, config }) {
    const best = bestTrial(peers);
    if (!best || trial.steps.length === 0 || best.steps.length === 0) return false;
    if (!allFinite(trial.steps) || !allFinite(best.steps)) return false;
    const differences = trial.steps.flatMap(({ step, value }) => {
      const rival = reportAt(best.steps, step);
      return rival === undefined ? [] : [value - rival];
    });
    if (differences.length < Math.max(2, config.warmup)) return false;
    if (mean(trial.steps) <= mean(best.steps)) return false;
    return signedRankGreater(differences) < config.significance;
  },
});

function bestTrial(peers: readonly Observation[]): Observation | undefined {
  let best: Observation | undefined;
  for (const peer of completed(peers)) if (!best || peer.value < best.value) best = peer;
  return best;
}
