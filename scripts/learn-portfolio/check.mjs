// Is a learned order better than others on a set that it was not learned from?
import { createRandom } from "../../dist/foundation/base/random.js";
import { handMadeList } from "./hand-made.mjs";
import { learnOrder } from "./order.mjs";
import { listLoss } from "./scores.mjs";

export const TRIALS = [1, 2, 4, 8, 12];
/** Processor seconds for all folds of a set. */
export const BUDGETS = [1, 3, 10, 30];
const RANDOM_ORDERS = 20;

/** Normalised losses of a set after so many trials, and after so much work, of each way to order them. */
export function leaveOneOut(sets, set, candidates) {
  const list = { task: set.task, size: set.size };
  const others = sets.filter((other) => other !== set);
  const learned = learnOrder(others, list, candidates).map(({ id }) => id);
  const usable = candidates.filter(({ trainer }) => trainer.tasks.includes(set.task)).map(({ id }) => id);
  const orders = Array.from({ length: RANDOM_ORDERS }, (_, k) => shuffled(usable, `${set.name}/${k}`));
  const curves = orders.map((order) => curve(set, order));
  return {
    learned: curve(set, learned),
    handMade: curve(set, handMadeList(set)),
    random: curves[0].map((_, at) => mean(curves.map((values) => values[at]))),
  };
}

/** The losses at `TRIALS`, then at `BUDGETS`; before anything has ended the set counts as at its worst. */
function curve(set, order) {
  const done = order.filter((id) => set.members.has(id));
  const within = (seconds) => {
    let left = seconds;
    const kept = [];
    for (const id of done) {
      left -= set.seconds.get(id);
      if (left < 0) break;
      kept.push(id);
    }
    return kept;
  };
  return [
    ...TRIALS.map((count) => listLoss(set, done.slice(0, count))),
    ...BUDGETS.map((seconds) => listLoss(set, within(seconds))),
  ];
}

function shuffled(ids, seed) {
  return Array.from(createRandom(`portfolio/random/${seed}`).permutation(ids.length), (at) => ids[at]);
}

export const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
