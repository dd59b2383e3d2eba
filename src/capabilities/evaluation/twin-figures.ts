import type { MetricInput } from "../../foundation/contracts/metric.js";
import type { BoundedFigure, TwinFigures } from "../../foundation/contracts/trust.js";
import type { EvaluationContext } from "./evaluation-request.js";
import { estimateMetrics } from "./intervals/bootstrap.js";
import { takeInput } from "./intervals/resample.js";
import type { AnyMetric } from "./metrics/index.js";

/**
 * The metric on test rows that have a twin among the learning rows, where the model was told the answer, and on the
 * rest: the honest number beside the flattering one. `twins`: one entry a row, above 0 where there is a twin.
 */
export function twinFigures(
  metric: AnyMetric,
  input: MetricInput,
  twins: ArrayLike<number>,
  context: EvaluationContext,
): TwinFigures {
  const all = Array.from({ length: twins.length }, (_, row) => row);
  const withTwin = all.filter((row) => twins[row]! > 0);
  const withoutTwin = all.filter((row) => twins[row]! === 0);
  const figure = (name: string, rows: readonly number[]): BoundedFigure => {
    if (rows.length === 0) return { value: null, low: null, high: null };
    const options = { ...context, random: context.random.fork(`twins/${name}`) };
    const { value, low, high } = estimateMetrics([metric], takeInput(input, rows), options).get(metric.id)!;
    return { value, low, high };
  };
  return {
    metric: metric.id,
    twinRows: withTwin.length,
    otherRows: withoutTwin.length,
    all: figure("all", all),
    withTwin: figure("with", withTwin),
    withoutTwin: figure("without", withoutTwin),
  };
}
