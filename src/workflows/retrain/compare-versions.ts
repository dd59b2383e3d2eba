import { compareModels } from "../../capabilities/evaluation/intervals/compare.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Comparison } from "../../foundation/contracts/evaluation.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { RetrainPolicy } from "../../foundation/contracts/retrain.js";
import type { Model } from "../../foundation/contracts/store.js";
import type { Predictions, Target, TaskType } from "../../foundation/contracts/target.js";
import type { WorkflowContext, WorkflowOptions } from "../context.js";
import { modelMetrics, recordedChoice } from "../project/metrics.js";
import { withModel } from "../use/open-model.js";
import { requireSameClasses } from "../use/same-classes.js";
import type { LabelledPredictions } from "./training-file.js";

const RESAMPLES = 1000;

export interface VersionComparison {
  readonly name: string;
  readonly candidate: number;
  readonly champion: number;
  /** The one that chose the champion. */
  readonly metric: Metric;
  /** Rows from which neither learnt. */
  readonly fresh: LabelledPredictions;
}

/** The metric by which a champion is compared. @throws QuernError EXTENSION_MISSING */
export async function championMetric(
  champion: Model,
  task: TaskType,
  extensions: readonly string[],
  context: WorkflowContext,
): Promise<Metric> {
  return (await modelMetrics(recordedChoice(champion), task, extensions, context)).decisive;
}

/** Both answer the same rows; a paired bootstrap says how sure the difference is. */
export async function compareVersions(
  { name, candidate, champion, metric, fresh }: VersionComparison,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<Comparison> {
  const answersOf = (version: number): Promise<Predictions> =>
    withModel(`${name}@${version}`, context, options, ({ bundle }) => {
      requireSameClasses(`${name}@${version}`, bundle.manifest, fresh.target);
      return bundle.predictFrame(fresh.inputs);
    });
  const predictions = await answersOf(candidate);
  const rival = { name: `${name}@${champion}`, predictions: await answersOf(champion) };
  return comparePredictions(metric, { target: fresh.target, predictions }, rival, context);
}

/** A paired bootstrap of two models' answers to the same rows, by the metric that chose the champion. */
export function comparePredictions(
  metric: Metric,
  { target, predictions }: { readonly target: Target; readonly predictions: Predictions },
  rival: { readonly name: string; readonly predictions: Predictions },
  { signal }: Pick<WorkflowContext, "signal">,
): Comparison {
  return compareModels(metric, { target, predictions }, rival, {
    random: createRandom("compare-versions"),
    resamples: RESAMPLES,
    signal,
  });
}

/** Whether the candidate may replace the champion; `tolerance` in the unit monitoring uses. */
export function passesGate(
  { low, other }: Comparison,
  { range }: Metric,
  policy: RetrainPolicy,
  tolerance: number,
): boolean {
  if (low === null) return false;
  if (policy.gate === "better") return low > 0;
  const scale = range?.every(Number.isFinite) ? 1 : Math.abs(other ?? 1) || 1;
  return low > -tolerance * scale;
}
