import { wilson } from "../../capabilities/evaluation/curves/calibration.js";
import { orNull } from "../../capabilities/evaluation/intervals/bootstrap.js";
import { groupsOf } from "../../capabilities/evaluation/slices/groups.js";
import type { Cohort } from "../../foundation/contracts/monitoring.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import { takePredicted, type WatchedRows } from "./watched-rows.js";

const REACH = 1.96;

/** Groups with fewer rows are left out: their figures would say who is few, not who is treated otherwise. */
const FEWEST_ROWS = 10;

/**
 * For each column how far the group with the highest share lies above the one with the lowest. Interval: Newcombe's
 * (1998, method 10), from those of the two. Being the extremes of several, they lie further apart than any two would.
 */
export function groupGaps(
  { inputs, predictions }: Pick<WatchedRows, "inputs" | "predictions">,
  threshold: number | undefined,
  columns: readonly string[],
): Cohort["gaps"] {
  return columns.flatMap((name) => {
    const column = inputs.columns.get(name);
    const groups = column && inputs.rows > 0 ? groupsOf(name, column) : undefined;
    if (!groups) return [];
    const shares = groups.names.flatMap((group, code) => {
      const rows = Array.from(groups.codes.keys()).filter((row) => groups.codes[row] === code);
      const { value, low, high } = shareOf(takePredicted(predictions, rows), threshold ?? 0.5);
      const known = rows.length >= FEWEST_ROWS && value !== null && low !== null && high !== null;
      return known ? [{ group, value, low, high }] : [];
    });
    if (shares.length < 2) return [];
    const ordered = shares.sort((a, b) => a.value - b.value);
    const [lowest, highest] = [ordered[0]!, ordered.at(-1)!];
    const value = highest.value - lowest.value;
    return [
      {
        ...{ column: name, highest: highest.group, lowest: lowest.group, value },
        low: value - Math.hypot(highest.value - highest.low, lowest.high - lowest.value),
        high: value + Math.hypot(highest.high - highest.value, lowest.value - lowest.low),
      },
    ];
  });
}

type Interval = { value: number | null; low: number | null; high: number | null };

/** Of two classes the share decided positive; of more none; of numbers their mean. */
export function shareOf(predictions: Predictions, threshold: number): Interval {
  if (predictions.kind === "values") return meanInterval(predictions.values);
  if (predictions.classes !== 2) return { value: null, low: null, high: null };
  const rows = predictions.values.length / 2;
  if (rows === 0) return { value: null, low: null, high: null };
  let positive = 0;
  for (let row = 0; row < rows; row++) if (predictions.values[2 * row + 1]! >= threshold) positive += 1;
  const [low, high] = wilson(positive / rows, rows);
  return { value: positive / rows, low, high };
}

function meanInterval(values: Float64Array): Interval {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  const reach = REACH * Math.sqrt(variance / values.length);
  return { value: orNull(mean), low: orNull(mean - reach), high: orNull(mean + reach) };
}
