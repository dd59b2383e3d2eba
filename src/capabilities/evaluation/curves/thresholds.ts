/** Deciding between two classes: what each threshold brings, and which is best. */
import type { ThresholdRow } from "../../../foundation/contracts/evaluation.js";
import type { MetricInput } from "../../../foundation/contracts/metric.js";
import { orNull } from "../intervals/bootstrap.js";
import { classInput, ratio } from "../metrics/inputs.js";
import { type CutPoints, cutFor, cutPoints, type Outcomes, outcomesAt } from "./cut-points.js";
import { binaryScores } from "./ranking-curves.js";

/** Gain (negative: cost) of each outcome: `table[actual][decided]`, by class position. */
export type GainTable = readonly (readonly number[])[];

/** Mean gain a row. */
export function gainOf(outcomes: Outcomes, table: GainTable): number {
  const { truePositive, falsePositive, falseNegative, trueNegative } = outcomes;
  const sum =
    truePositive * table[1]![1]! +
    falsePositive * table[0]![1]! +
    falseNegative * table[1]![0]! +
    trueNegative * table[0]![0]!;
  return sum / (truePositive + falsePositive + falseNegative + trueNegative);
}

export function f1Of({ truePositive, falsePositive, falseNegative }: Outcomes): number {
  return ratio(2 * truePositive, 2 * truePositive + falsePositive + falseNegative);
}

/** Precision and the like at 0.05, 0.1, … and at the thresholds given, ascending. */
export function thresholdTable(
  input: MetricInput,
  more: readonly number[] = [],
  gain?: GainTable,
): ThresholdRow[] {
  const cuts = cutPoints(binaryScores(classInput(input), 1));
  const steps = Array.from({ length: 19 }, (_, i) => (i + 1) / 20);
  const thresholds = [...new Set([...steps, ...more])].sort((a, b) => a - b);
  return thresholds.map((threshold) => thresholdRow(cuts, threshold, gain));
}

function thresholdRow(cuts: CutPoints, threshold: number, gain: GainTable | undefined): ThresholdRow {
  const outcomes = outcomesAt(cuts, cutFor(cuts, threshold));
  const { truePositive, falsePositive, trueNegative } = outcomes;
  const total = cuts.positives + cuts.negatives;
  const decided = truePositive + falsePositive;
  return {
    threshold,
    share: decided / total,
    precision: orNull(truePositive / decided),
    recall: orNull(truePositive / cuts.positives),
    falsePositiveRate: orNull(falsePositive / cuts.negatives),
    f1: orNull(f1Of(outcomes)),
    accuracy: orNull((truePositive + trueNegative) / total),
    gain: gain ? orNull(gainOf(outcomes, gain)) : null,
  };
}

export interface ChosenThreshold {
  readonly threshold: number;
  /** What `value` is there. */
  readonly value: number;
}

/**
 * The threshold whose outcomes are worth most on these rows (validation rows, never test), half way between the
 * two scores that it parts, so that a hair's breadth in a score changes no decision. Of equals, the one nearest 0.5.
 */
export function chooseThreshold(input: MetricInput, value: (outcomes: Outcomes) => number): ChosenThreshold {
  const cuts = cutPoints(binaryScores(classInput(input), 1));
  let best: ChosenThreshold = { threshold: 0.5, value: Number.NEGATIVE_INFINITY };
  for (let index = -1; index < cuts.scores.length; index++) {
    const threshold = between(cuts.scores[index], cuts.scores[index + 1]);
    const worth = value(outcomesAt(cuts, index));
    const nearer = Math.abs(threshold - 0.5) < Math.abs(best.threshold - 0.5);
    if (worth > best.value || (worth === best.value && nearer)) best = { threshold, value: worth };
  }
  return best;
}

/** Above every score 1 stays out of reach; below every score 0 takes all. */
function between(above: number | undefined, below: number | undefined): number {
  if (above === undefined)
    return below === undefined ? 0.5 : Math.max((1 + below) / 2, below + Number.EPSILON);
  return below === undefined ? 0 : (above + below) / 2;
}

/** Several classes: the decision with the greatest expected gain for each row. */
export function bestDecisions(probabilities: Float64Array, gain: GainTable): Int32Array {
  const classes = gain.length;
  const decided = new Int32Array(probabilities.length / classes);
  for (let row = 0; row < decided.length; row++) {
    let best = Number.NEGATIVE_INFINITY;
    for (let d = 0; d < classes; d++) {
      let expected = 0;
      for (let a = 0; a < classes; a++) expected += probabilities[row * classes + a]! * gain[a]![d]!;
      if (expected > best) {
        best = expected;
        decided[row] = d;
      }
    }
  }
  return decided;
}
