// The order of a list: what lowers the loss of the ensemble most comes first; of nearly equals, the cheapest.
import { SIZES } from "./material.mjs";
import { listLoss, relativeCost } from "./scores.mjs";

export const TASKS = ["binary", "multiclass", "regression"];
const LENGTHS = { small: [12, 14], medium: [12, 14], large: [6, 8] };
/** Beyond the least length, a further entry must lower the normalised loss by so much. */
const LEAST_GAIN = 0.002;
/** Who has this share of the best gain may win by its cost; the first entry has to be cheap rather than best. */
const NEARLY = { first: 0.95, later: 0.85 };
/** Of large data only what costs at most so many times boosting with its defaults. */
const LARGE_COST = 8;
const FIRST_COST = 2;

/** How much a set says about a list: less for another size, and for the other kind of classes. */
export function relevance(set, { task, size }) {
  const steps = Math.abs(SIZES.indexOf(set.size) - SIZES.indexOf(size));
  const near = [1, 0.6, 0.3][steps];
  if (set.task === task) return near;
  return set.task === "regression" || task === "regression" ? 0 : 0.6 * near;
}

function meanLoss(weighted, ids) {
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return weighted.reduce((sum, { set, weight }) => sum + weight * listLoss(set, ids), 0) / total;
}

/** A candidate may come first, or later, when it was fitted on sets of at least this share of the weight. */
const COVERED = { first: 0.9, later: 0.33 };

function coverage(id, weighted) {
  const sum = (entries) => entries.reduce((total, { weight }) => total + weight, 0);
  return sum(weighted.filter(({ set }) => set.asked.has(id))) / sum(weighted);
}

/** How much lower the loss is with the candidate, over the sets on which it was asked to run. */
function gainOf(id, chosen, weighted) {
  const known = weighted.filter(({ set }) => set.asked.has(id));
  return known.length === 0 ? 0 : meanLoss(known, chosen) - meanLoss(known, [...chosen, id]);
}

/** The entries in order, each with the loss after it, its cost, and what the runners-up would have gained. */
export function learnOrder(sets, list, candidates) {
  const weighted = sets
    .map((set) => ({ set, weight: relevance(set, list) }))
    .filter(({ weight }) => weight > 0);
  const costs = costsFor(weighted, sets, list, candidates);
  const [least, most] = LENGTHS[list.size];
  const chosen = [];
  while (chosen.length < most) {
    const options = varied(rankedOptions(weighted, costs, chosen), chosen);
    if (options.length === 0 || (chosen.length >= least && options[0].gain < LEAST_GAIN)) break;
    const share = options[0].gain > 0 ? (chosen.length === 0 ? NEARLY.first : NEARLY.later) : 1;
    const entry = options
      .filter(({ gain }) => gain >= share * options[0].gain)
      .reduce((cheapest, option) => (option.cost < cheapest.cost ? option : cheapest));
    const ids = [...chosen, entry].map(({ id }) => id);
    const runnersUp = options.filter(({ id }) => id !== entry.id).slice(0, 3);
    chosen.push({ ...entry, loss: meanLoss(weighted, ids), runnersUp });
  }
  return chosen;
}

/** Where no gain is beyond noise, what is most likely to help on other data: a family that the list lacks. */
function varied(options, chosen) {
  if (options.length === 0 || options[0].gain >= LEAST_GAIN) return options;
  const family = ({ id }) => id.split(" ")[0];
  const present = new Set(chosen.map(family));
  const lacking = options.filter((option) => !present.has(family(option)));
  return lacking.length > 0 ? lacking : options;
}

/** Those that may come next, the greatest gain first. */
function rankedOptions(weighted, costs, chosen) {
  const ids = chosen.map(({ id }) => id);
  const limit = ids.length === 0 ? FIRST_COST : Number.POSITIVE_INFINITY;
  const covered = ids.length === 0 ? COVERED.first : COVERED.later;
  return [...costs]
    .filter(([id, cost]) => cost <= limit && !ids.includes(id) && coverage(id, weighted) >= covered)
    .map(([id, cost]) => ({ id, cost, gain: gainOf(id, ids, weighted) }))
    .sort((a, b) => b.gain - a.gain);
}

/** Measured on sets of the same size, of any task where no other of the task is left; on all where it was not asked. */
function costsFor(weighted, sets, { task, size }, candidates) {
  const related = weighted.map(({ set }) => set).filter((set) => set.size === size);
  const own = related.length > 0 ? related : sets.filter((set) => set.size === size);
  const limit = size === "large" ? LARGE_COST : Number.POSITIVE_INFINITY;
  return new Map(
    candidates
      .filter(({ trainer }) => trainer.tasks.includes(task) && trainer.id !== "dummy")
      .map(({ id }) => [id, relativeCost(own.some(({ asked }) => asked.has(id)) ? own : sets, id)])
      .filter(([, cost]) => Number.isFinite(cost) && cost <= limit),
  );
}
