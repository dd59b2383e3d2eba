import { crossFittedEnsemble } from "../../capabilities/ensembles/cross-fit.js";
import { selectGreedily } from "../../capabilities/ensembles/greedy.js";
import { type CombinationProblem, combinedCost } from "../../capabilities/ensembles/problem.js";
import { type AssemblyContext, assemble, graphBytes } from "./assemble.js";
import type { Combination } from "./combine.js";
import { heldOutRows } from "./material.js";
import type { LearnedModel } from "./model.js";
import { type FinishedTrial, scoreRows } from "./trial.js";
import { calibrate, foldOfRows, problemOf, type Weighed, weighted } from "./weigh.js";

interface HastenContext extends AssemblyContext {
  isQuick(model: LearnedModel): Promise<boolean>;
}

/** Halvings of what the members may cost; by then one small model is left. */
const MOST_HALVINGS = 12;

/**
 * Chooses again with half the cost and half the members, then a quarter, until the model is quick enough or its
 * cheapest trial is left alone. What a member costs is the size of one of its fits in the graph: the time of one
 * answer grows with it, and unlike a measured time it is the same everywhere.
 */
export async function hasten(
  best: readonly FinishedTrial[],
  chosen: Weighed,
  context: HastenContext,
): Promise<Omit<Combination, "trials">> {
  const { material, tools } = context;
  const problem = await pricedProblem(best, context);
  const has = best.map((trial) => (chosen.shares.some((share) => share.trial === trial) ? 1 : 0));
  const all = combinedCost(problem.candidates, has.includes(1) ? has : has.fill(1)).bytes;
  for (let halving = 1; ; halving++) {
    const bytes = all / 2 ** halving;
    const maxMembers = Math.max(1, Math.floor(best.length / 2 ** halving));
    const select = (asked: CombinationProblem) => selectGreedily(asked, { maxMembers, budget: { bytes } });
    const { weights, withinBudget } = select(problem);
    const folds = foldOfRows(material, heldOutRows(material));
    const { predictions } = crossFittedEnsemble(problem, folds, (asked) => select(asked).weights);
    const smaller: Weighed = { shares: weighted(best, weights), inputs: [], heldOut: predictions };
    const model = await assemble(smaller, calibrate(smaller, material, tools), bytes, context);
    const isLast = !withinBudget || halving === MOST_HALVINGS;
    if (!isLast && !(await context.isQuick(model))) continue;
    const value = scoreRows(tools.metric, predictions, material, heldOutRows(material));
    return { ...smaller, value, model };
  }
}

async function pricedProblem(
  best: readonly FinishedTrial[],
  { material, tools }: HastenContext,
): Promise<CombinationProblem> {
  const problem = problemOf(best, material, tools.metric);
  const candidates: CombinationProblem["candidates"][number][] = [];
  for (const [k, { candidate, fits }] of best.entries()) {
    const { state } = await tools.load(fits[0]!.hash);
    const cost = { secondsPerRow: 0, bytes: graphBytes(candidate.trainer, state) };
    candidates.push({ ...problem.candidates[k]!, cost });
  }
  return { ...problem, candidates };
}
