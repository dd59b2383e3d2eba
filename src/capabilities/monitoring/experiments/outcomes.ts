import { indexOfLargest } from "../../../foundation/base/largest.js";
import type { ExperimentOutcome, OutcomeGoal } from "../../../foundation/contracts/experiment.js";
import type { Predictions, Target } from "../../../foundation/contracts/target.js";
import { type ArmFigures, meanFigures, shareFigures } from "./confidence-sequence.js";

/** No prediction is surer than this: one wrong certainty must not decide an experiment. */
const LEAST_PROBABILITY = 1e-3;

/** Outcomes that say something about the target. */
export function outcomesOf(task: Target["task"]): readonly ExperimentOutcome[] {
  return task === "regression"
    ? ["absolute-error", "squared-error", "actual"]
    : ["correct", "log-loss", "actual"];
}

export function directionOf({ outcome, direction }: OutcomeGoal): "maximize" | "minimize" {
  return direction ?? (outcome === "correct" || outcome === "actual" ? "maximize" : "minimize");
}

/** One number a labelled prediction; predictions and truths in the same order. */
export function outcomeValues(
  goal: Pick<OutcomeGoal, "outcome" | "class">,
  predictions: Predictions,
  target: Target,
): Float64Array {
  const { values } = predictions;
  if (target.task === "regression") {
    const errors = target.values.map((truth, row) => values[row]! - truth);
    if (goal.outcome === "actual") return target.values;
    return errors.map((error) => (goal.outcome === "squared-error" ? error * error : Math.abs(error)));
  }
  const { classes, codes } = target;
  const width = classes.length;
  const counted = goal.class === undefined ? width - 1 : classes.indexOf(goal.class);
  return Float64Array.from(codes, (truth, row) => {
    if (goal.outcome === "actual") return truth === counted ? 1 : 0;
    const own = values.subarray(row * width, (row + 1) * width);
    if (goal.outcome === "log-loss") return -Math.log(Math.max(LEAST_PROBABILITY, own[truth]!));
    return indexOfLargest(own) === truth ? 1 : 0;
  });
}

/** Figures of an arm: one value a unit, the mean of its rows, so that no one counts for more by asking more often. */
export function unitFigures(units: readonly string[], values: Float64Array): ArmFigures {
  const sums = new Map<string, { sum: number; rows: number }>();
  for (const [row, unit] of units.entries()) {
    const known = sums.get(unit) ?? { sum: 0, rows: 0 };
    sums.set(unit, { sum: known.sum + values[row]!, rows: known.rows + 1 });
  }
  const means = Float64Array.from(sums.values(), ({ sum, rows }) => sum / rows);
  const isShare = means.every((mean) => mean === 0 || mean === 1);
  return isShare
    ? shareFigures(
        means.reduce((sum, value) => sum + value, 0),
        means.length,
      )
    : meanFigures(means);
}
