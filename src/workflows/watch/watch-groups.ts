import { wilson } from "../../capabilities/evaluation/curves/calibration.js";
import { estimateMetrics, orNull } from "../../capabilities/evaluation/intervals/bootstrap.js";
import { groupsOf } from "../../capabilities/evaluation/slices/groups.js";
import { createRandom } from "../../foundation/base/random.js";
import type { MonitorResult } from "../../foundation/contracts/monitoring.js";
import { type Predictions, takeTarget } from "../../foundation/contracts/target.js";
import { metricInput, type Yardstick } from "./judge-performance.js";
import { takePredicted, type WatchedRows } from "./watched-rows.js";

const RESAMPLES = 200;
const FEWEST_LABELS = 10;
const REACH = 1.96;

/**
 * How each group of the given columns fares, with intervals: what is decided about it, and how well where labels are
 * known. Figures only; whether a difference is unfair is for people to say.
 */
export function watchGroups(
  { inputs, predictions, labels }: WatchedRows,
  stick: Yardstick,
  columns: readonly string[],
): MonitorResult["groups"] {
  return columns.flatMap((name) => {
    const column = inputs.columns.get(name);
    const groups = column && groupsOf(name, column);
    if (!groups) return [];
    return groups.names.map((group, code) => {
      const rows = Array.from(groups.codes.keys()).filter((row) => groups.codes[row] === code);
      const positions = Array.from(labels.rows.keys()).filter(
        (position) => groups.codes[labels.rows[position]!] === code,
      );
      const judged = takePredicted(
        predictions,
        positions.map((position) => labels.rows[position]!),
      );
      const figures =
        positions.length < FEWEST_LABELS
          ? undefined
          : estimateMetrics(
              [stick.metric],
              metricInput(takeTarget(labels.target, positions), judged, stick.threshold),
              { random: createRandom(`${name}/${group}`), resamples: RESAMPLES },
            ).get(stick.metric.id);
      const { value, low, high } = figures ?? { value: null, low: null, high: null };
      return {
        ...{ column: name, group, rows: rows.length },
        share: shareOf(takePredicted(predictions, rows), stick.threshold ?? 0.5),
        metric: { value, low, high, rows: positions.length },
      };
    });
  });
}

type Interval = { value: number | null; low: number | null; high: number | null };

/** Of two classes the share decided positive; of more none; of numbers their mean. */
function shareOf(predictions: Predictions, threshold: number): Interval {
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
