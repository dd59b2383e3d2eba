import { compareModels } from "../../capabilities/evaluation/intervals/compare.js";
import { defaultMetric } from "../../capabilities/evaluation/metrics/index.js";
import { METRIC_LIST } from "../../catalogue.js";
import { QuernError } from "../../foundation/base/errors.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Comparison } from "../../foundation/contracts/evaluation.js";
import type { RetrainPolicy } from "../../foundation/contracts/retrain.js";
import type { Predictions, Target } from "../../foundation/contracts/target.js";
import type { WorkflowContext, WorkflowOptions } from "../context.js";
import { withModel } from "../use/open-model.js";
import type { LabelledPredictions } from "./training-file.js";

const RESAMPLES = 1000;

export interface VersionComparison {
  readonly name: string;
  readonly candidate: number;
  readonly champion: number;
  /** The metric that chose the champion. */
  readonly metric: string | null;
  /** Rows from which neither learnt. */
  readonly fresh: LabelledPredictions;
}

/** Both answer the same rows; a paired bootstrap says how sure the difference is. */
export async function compareVersions(
  { name, candidate, champion, metric: id, fresh }: VersionComparison,
  context: WorkflowContext,
  options: WorkflowOptions,
): Promise<Comparison> {
  const answersOf = (version: number): Promise<Predictions> =>
    withModel(`${name}@${version}`, context, options, ({ bundle }) => {
      const { outputs } = bundle.manifest;
      const classes = outputs.kind === "classes" ? outputs.classes : [];
      const known = fresh.target.task === "regression" ? [] : fresh.target.classes;
      if (classes.join("\n") !== known.join("\n")) {
        throw new QuernError(
          "TARGET_UNUSABLE",
          `${name}@${version} predicts ${classes.join(", ") || "numbers"}, not ${known.join(", ") || "numbers"}.`,
          { hint: "Rows whose classes differ cannot be compared; train and promote by hand." },
        );
      }
      return bundle.predictFrame(fresh.inputs);
    });
  const predictions = await answersOf(candidate);
  const rival = { name: `${name}@${champion}`, predictions: await answersOf(champion) };
  return comparePredictions(id, { target: fresh.target, predictions }, rival, context);
}

/** A paired bootstrap of two models' answers to the same rows, by the metric that chose the champion. */
export function comparePredictions(
  id: string | null,
  { target, predictions }: { readonly target: Target; readonly predictions: Predictions },
  rival: { readonly name: string; readonly predictions: Predictions },
  { signal }: Pick<WorkflowContext, "signal">,
): Comparison {
  const { task } = target;
  const metric =
    METRIC_LIST.find((one) => one.id === id && one.tasks.includes(task)) ?? defaultMetric(task, METRIC_LIST);
  return compareModels(metric, { target, predictions }, rival, {
    random: createRandom("compare-versions"),
    resamples: RESAMPLES,
    signal,
  });
}

/** Whether the candidate may replace the champion; `tolerance` in the unit monitoring uses. */
export function passesGate(comparison: Comparison, policy: RetrainPolicy, tolerance: number): boolean {
  const { low, other, metric } = comparison;
  if (low === null) return false;
  if (policy.gate === "better") return low > 0;
  const range = METRIC_LIST.find(({ id }) => id === metric)?.range;
  const scale = range?.every(Number.isFinite) ? 1 : Math.abs(other ?? 1) || 1;
  return low > -tolerance * scale;
}
