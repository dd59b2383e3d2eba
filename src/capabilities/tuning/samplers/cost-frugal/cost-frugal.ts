import { z } from "zod";
import type { Random } from "../../../../foundation/base/random.js";
import { defineSampler, type Observation } from "../../../../foundation/contracts/sampler.js";
import type {
  ChoiceDimension,
  ChoiceValue,
  SearchSpace,
} from "../../../../foundation/contracts/search-space.js";
import { parentsFirst } from "../../space/conditions.js";
import { finiteValues, nextNumber, Tried, uniformConfiguration } from "../proposals.js";
import { DirectedSearch } from "./directed-search.js";

/** What a trial is taken to cost at least, so that free ones do not count as infinitely good. */
const LEAST_SECONDS = 1e-3;
const NEARBY_ATTEMPTS = 8;

/** One value of the deciding choice (a trainer) with a search of its own, and what it has cost. */
interface Branch {
  readonly value: ChoiceValue | undefined;
  readonly search: DirectedSearch;
  pending: number;
  trials: number;
  best: number;
  /** Seconds in all, when the best value came, and when the best before it came. */
  spent: number;
  spentAtBest: number;
  spentBefore: number;
  /** How much the last improvement brought. */
  gain: number;
}

/**
 * Local search from cheap configurations to dearer ones (CFO: Wu, Wang and Huang, AAAI 2021), one search for each value
 * of the choice that decides over the others, usually the trainer. Turns go by estimated cost for improvement (Wang et
 * al., "FLAML", MLSys 2021, section 4.2), which is what `seconds` of the observations is for.
 */
export const costFrugalSampler = defineSampler({
  id: "cost-frugal",
  version: 1,
  summary: "Local search from cheap configurations; divides the time among trainers by what they gain.",
  config: z.strictObject({}),
  suggest({ space: given, history, count, random }) {
    const space = parentsFirst(given);
    const branches = replay(space, history, random);
    const tried = new Tried(space, history);
    const first = nextNumber(history);
    return Array.from({ length: count }, (_, k) => {
      const stream = random.fork(`cost-frugal ${first + k}`);
      const branch = nextBranch(branches, stream);
      const fixed = branchDimension(space);
      const proposal = tried.take((attempt) => {
        // The branch has nothing new nearby.
        if (attempt > NEARBY_ATTEMPTS) return uniformConfiguration(space, stream);
        const fields = branch.search.propose(branch.pending, attempt);
        return fixed ? { [fixed.name]: branch.value!, ...fields } : fields;
      });
      branch.pending++;
      return proposal;
    });
  },
});

/** The first unconditional choice that others depend on. */
function branchDimension(space: SearchSpace): ChoiceDimension | undefined {
  const parents = new Set(space.flatMap(({ when }) => Object.keys(when ?? {})));
  return space.find(
    (dimension): dimension is ChoiceDimension =>
      dimension.kind === "choice" && !dimension.when && parents.has(dimension.name),
  );
}

/** The dimensions left when the deciding choice has a value: those it excludes are gone, its condition is met. */
function branchSpace(space: SearchSpace, name: string, value: ChoiceValue): SearchSpace {
  const gone = new Set([name]);
  return space.flatMap((dimension) => {
    if (dimension.name === name) return [];
    const { [name]: own, ...others } = dimension.when ?? {};
    if ((own && !own.includes(value)) || Object.keys(others).some((field) => gone.has(field))) {
      gone.add(dimension.name);
      return [];
    }
    const { when: _, ...rest } = dimension;
    return [Object.keys(others).length > 0 ? { ...rest, when: others } : rest];
  });
}

function replay(space: SearchSpace, history: readonly Observation[], random: Random): Branch[] {
  const deciding = branchDimension(space);
  const branches = (deciding?.choices ?? [undefined]).map((value): Branch => {
    const own = deciding && value !== undefined ? branchSpace(space, deciding.name, value) : space;
    return {
      value,
      search: new DirectedSearch(own, random.fork(`cost-frugal ${value}`)),
      pending: 0,
      trials: 0,
      best: Number.POSITIVE_INFINITY,
      spent: 0,
      spentAtBest: 0,
      spentBefore: 0,
      gain: 0,
    };
  });
  const values = finiteValues(history);
  for (const [row, { configuration, seconds }] of history.entries()) {
    const branch = branches.find(({ value }) => !deciding || configuration[deciding.name] === value);
    if (!branch) continue;
    branch.search.observe(configuration, values[row]!);
    branch.trials++;
    branch.spent += Math.max(LEAST_SECONDS, seconds);
    if (values[row]! >= branch.best) continue;
    branch.gain = Number.isFinite(branch.best) ? branch.best - values[row]! : 0;
    branch.best = values[row]!;
    branch.spentBefore = branch.spentAtBest;
    branch.spentAtBest = branch.spent;
  }
  return branches;
}

/** Those never tried first, in their order; then by chance in proportion to 1 / estimated cost for improvement. */
function nextBranch(branches: readonly Branch[], random: Random): Branch {
  const fresh = branches.find(({ trials, pending }) => trials + pending === 0);
  if (fresh) return fresh;
  const best = branches.reduce((least, branch) => Math.min(least, branch.best), Number.POSITIVE_INFINITY);
  const shares = branches.map((branch) => 1 / costForImprovement(branch, best));
  let left = random.uniform() * shares.reduce((a, b) => a + b, 0);
  for (const [k, share] of shares.entries()) {
    left -= share;
    if (left < 0) return branches[k]!;
  }
  return branches.at(-1)!;
}

/** Seconds this branch will probably need for its next improvement, or to reach the best of all. */
function costForImprovement(branch: Branch, best: number): number {
  const { spent, spentAtBest, spentBefore, gain, trials } = branch;
  const own = Math.max(
    spent - spentAtBest,
    spentAtBest - spentBefore,
    spent / Math.max(1, trials),
    LEAST_SECONDS,
  );
  const behind = branch.best - best;
  if (!(behind > 0) || !Number.isFinite(behind)) return own;
  const rate = gain > 0 ? gain / Math.max(LEAST_SECONDS, spent - spentBefore) : 0;
  return rate > 0 ? Math.max(own, (2 * behind) / rate) : 2 * Math.max(own, spent);
}
