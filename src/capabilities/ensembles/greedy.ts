/**
 * Greedy selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, Ensemble selection from libraries of
 * models, 2004): step by step the candidate joins whose joining makes the mean of all that joined best. How often a
 * candidate joined is its weight.
 */
import type { Random } from "../../foundation/base/random.js";
import { type BlendScorer, createBlendScorer } from "./blend-scorer.js";
import {
  type CombinationProblem,
  combinedCost,
  combinedValue,
  type MemberCost,
  oriented,
} from "./problem.js";

export interface GreedyOptions {
  /** Joinings; default 60. */
  readonly steps?: number;
  /** The best single candidates that join before the search begins (sorted initialisation); default 0. */
  readonly initial?: number;
  /** Most distinct members; default: no limit. */
  readonly maxMembers?: number;
  /** What the members may cost together; candidates that no longer fit cannot join. */
  readonly budget?: Partial<MemberCost>;
  /** Selection repeated on random parts of the candidates, weights averaged; default: once, on all. */
  readonly bags?: { readonly count: number; readonly share: number; readonly random: Random };
}

export interface GreedySelection {
  /** One for each candidate, summing to 1. */
  readonly weights: Float64Array;
  /** The metric's value of `weights` on the rows that chose them: optimistic (see `crossFittedEnsemble`). */
  readonly value: number;
  /** The metric's value after each step, as far as the search went; the best prefix is kept. Empty with bags. */
  readonly curve: readonly number[];
  /** Steps kept: the shortest prefix with the best value. */
  readonly steps: number;
  readonly cost: MemberCost;
  /** False only when not even one candidate fits: then the cheapest is taken alone. */
  readonly withinBudget: boolean;
}

const STEPS = 60;
/** The search under a budget is repeated with only candidates that cost at most these shares of it. */
const BUDGET_SHARES = [1, 1 / 2, 1 / 4, 1 / 8];

/** Deterministic: the lower number wins a tie. */
export function selectGreedily(problem: CombinationProblem, options: GreedyOptions = {}): GreedySelection {
  const search = createSearch(problem, options);
  const everyone = problem.candidates.map((_, k) => k);
  if (options.bags) return bagged(search, everyone, options.bags);
  return bestOf(search, everyone);
}

interface Search {
  readonly problem: CombinationProblem;
  readonly options: GreedyOptions;
  readonly scorer: BlendScorer;
  /** Scores of the candidates alone. */
  readonly alone: Float64Array;
}

function createSearch(problem: CombinationProblem, options: GreedyOptions): Search {
  const scorer = createBlendScorer(problem);
  const alone = Float64Array.from(problem.candidates, (_, k) => scorer.scoreWith(k));
  return { problem, options, scorer, alone };
}

/**
 * One greedy run; under a budget the best of several, because a strong and expensive first member can leave no room
 * for cheap ones that together are better.
 */
function bestOf(search: Search, pool: readonly number[]): GreedySelection {
  const { problem, options } = search;
  if (!options.budget) return run(search, pool);
  const shareOf = (k: number) => budgetShare(problem.candidates[k]!.cost, options.budget!);
  let best: GreedySelection | undefined;
  let tried = -1;
  for (const limit of BUDGET_SHARES) {
    const fitting = pool.filter((k) => shareOf(k) <= limit);
    if (fitting.length === 0 || fitting.length === tried) continue;
    tried = fitting.length;
    const found = run(search, fitting);
    const better = !best || oriented(problem.metric, found.value) > oriented(problem.metric, best.value);
    if (better) best = found;
  }
  if (best) return best;
  const cheapest = pool.reduce((least, k) => (shareOf(k) < shareOf(least) ? k : least));
  return { ...selection(search, [cheapest]), withinBudget: false };
}

/** The largest share of any of the budget's limits. */
function budgetShare(cost: MemberCost | undefined, budget: Partial<MemberCost>): number {
  if (!cost) return 0;
  const share = (own: number, limit: number | undefined) => {
    if (limit === undefined || own <= 0) return 0;
    return limit > 0 ? own / limit : Number.POSITIVE_INFINITY;
  };
  return Math.max(share(cost.secondsPerRow, budget.secondsPerRow), share(cost.bytes, budget.bytes));
}

function run(search: Search, pool: readonly number[]): GreedySelection {
  const { options, scorer, alone } = search;
  const steps = Math.max(1, options.steps ?? STEPS);
  const joined: number[] = [];
  const join = (k: number) => {
    joined.push(k);
    scorer.take(k);
  };
  scorer.clear();
  const byScore = [...pool].sort((a, b) => alone[b]! - alone[a]! || a - b);
  for (const k of byScore.slice(0, Math.min(options.initial ?? 0, steps)))
    if (fits(search, joined, k)) join(k);
  while (joined.length < steps) {
    let best = -1;
    let bestScore = Number.NEGATIVE_INFINITY;
    for (const k of pool) {
      if (!fits(search, joined, k)) continue;
      const score = joined.length === 0 ? alone[k]! : scorer.scoreWith(k);
      if (best < 0 || score > bestScore) [best, bestScore] = [k, score];
    }
    join(best);
  }
  return selection(search, joined);
}

/** Whether the candidate may join: members always may. */
function fits({ problem, options }: Search, joined: readonly number[], candidate: number): boolean {
  if (joined.includes(candidate)) return true;
  const members = new Set([...joined, candidate]);
  if (members.size > Math.max(1, options.maxMembers ?? Number.POSITIVE_INFINITY)) return false;
  if (!options.budget) return true;
  const weights = problem.candidates.map((_, k) => (members.has(k) ? 1 : 0));
  return budgetShare(combinedCost(problem.candidates, weights), options.budget) <= 1;
}

/** Keeps the shortest best prefix. Values are the metric's own, on all rows. */
function selection({ problem }: Search, joined: readonly number[]): GreedySelection {
  const counts = new Float64Array(problem.candidates.length);
  const curve: number[] = [];
  let weights = counts;
  let best = -1;
  for (const [step, k] of joined.entries()) {
    counts[k]!++;
    curve.push(combinedValue(problem, counts));
    const better =
      best < 0 || oriented(problem.metric, curve[step]!) > oriented(problem.metric, curve[best]!);
    if (!better) continue;
    best = step;
    weights = counts.map((count) => count / (step + 1));
  }
  return {
    weights,
    value: curve[best]!,
    curve,
    steps: best + 1,
    cost: combinedCost(problem.candidates, weights),
    withinBudget: true,
  };
}

function bagged(
  search: Search,
  everyone: readonly number[],
  { count, share, random }: NonNullable<GreedyOptions["bags"]>,
): GreedySelection {
  const size = Math.max(1, Math.round(everyone.length * share));
  const sums = new Float64Array(everyone.length);
  for (let bag = 0; bag < Math.max(1, count); bag++) {
    const part = Array.from(random.permutation(everyone.length).subarray(0, size)).sort((a, b) => a - b);
    for (const [k, weight] of bestOf(search, part).weights.entries()) sums[k]! += weight;
  }
  return pruned(search, sums);
}

/** The heaviest members that fit together; bags of one member each may name more than the limits allow. */
function pruned(search: Search, weights: Float64Array): GreedySelection {
  const { problem } = search;
  const heaviest = Array.from(weights.keys())
    .filter((k) => weights[k]! > 0)
    .sort((a, b) => weights[b]! - weights[a]! || a - b);
  const kept: number[] = [];
  for (const k of heaviest) if (fits(search, kept, k)) kept.push(k);
  const withinBudget = kept.length > 0;
  if (!withinBudget) kept.push(heaviest[0]!);
  const total = kept.reduce((sum, k) => sum + weights[k]!, 0);
  const shares = weights.map((weight, k) => (kept.includes(k) ? weight / total : 0));
  return {
    weights: shares,
    value: combinedValue(problem, shares),
    curve: [],
    steps: 0,
    cost: combinedCost(problem.candidates, shares),
    withinBudget,
  };
}
