import { estimateMetrics } from "../../capabilities/evaluation/intervals/bootstrap.js";
import { groupsOf } from "../../capabilities/evaluation/slices/groups.js";
import { createRandom } from "../../foundation/base/random.js";
import type { MonitorResult } from "../../foundation/contracts/monitoring.js";
import { takeTarget } from "../../foundation/contracts/target.js";
import { shareOf } from "./group-gaps.js";
import { metricInput, type Yardstick } from "./judge-performance.js";
import { takePredicted, type WatchedRows } from "./watched-rows.js";

const RESAMPLES = 200;
const FEWEST_LABELS = 10;

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
