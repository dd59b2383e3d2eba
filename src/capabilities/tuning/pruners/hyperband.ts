import { z } from "zod";
import { indexOfLargest } from "../../../foundation/base/largest.js";
import { fields } from "../../../foundation/contracts/extension.js";
import { definePruner } from "../../../foundation/contracts/pruner.js";
import { minStepsField, reductionField, stopsAtRung } from "./successive-halving.js";

/**
 * The bracket of each trial of one round: bracket 0 decides early and has the most trials, the last one lets every
 * trial run. Numbers in proportion to the paper's, ceil(brackets * reduction^s / (s + 1)).
 */
function bracketSizes(brackets: number, reduction: number): number[] {
  return Array.from({ length: brackets }, (_, bracket) => {
    const s = brackets - 1 - bracket;
    return Math.ceil((brackets * reduction ** s) / (s + 1));
  });
}

/** Brackets take turns by how far each is behind its share, so that all begin early. */
export function bracketOf(number: number, brackets: number, reduction: number): number {
  const sizes = bracketSizes(brackets, reduction);
  const round = sizes.reduce((a, b) => a + b, 0);
  const given = sizes.map(() => 0);
  let chosen = 0;
  for (let k = 0; k <= number % round; k++) {
    const behind = sizes.map((size, bracket) => ((k + 1) * size) / round - given[bracket]!);
    chosen = indexOfLargest(behind);
    given[chosen]!++;
  }
  return chosen;
}

/** Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 18, 2018. */
export const hyperbandPruner = definePruner({
  id: "hyperband",
  version: 1,
  summary:
    "Successive halving with several first decision points side by side; trials compete within theirs.",
  config: z.strictObject({
    minSteps: minStepsField(),
    maxSteps: z
      .number()
      .int()
      .min(1)
      .default(27)
      .register(fields, { title: "Steps of a trial that runs to its end", unit: "steps" }),
    reduction: reductionField(),
  }),
  prune({ trial, peers, config: { minSteps, maxSteps, reduction } }) {
    const ratio = Math.max(1, maxSteps / minSteps);
    // The addition keeps log(27) / log(3) from falling below 3.
    const brackets = Math.floor(Math.log(ratio) / Math.log(reduction) + 1e-9) + 1;
    const bracket = bracketOf(trial.number, brackets, reduction);
    const rivals = peers.filter(({ number }) => bracketOf(number, brackets, reduction) === bracket);
    return stopsAtRung({ trial, peers: rivals }, minSteps * reduction ** bracket, reduction);
  },
});
