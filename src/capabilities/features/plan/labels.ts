import type { Frame } from "../../../foundation/contracts/frame.js";
import type { FeatureStyle } from "../../../foundation/contracts/trainer.js";
import type { FeaturePlan } from "../pipeline/pipeline.js";
import { describeColumns } from "./facts.js";
import type { PlanLimits } from "./limits.js";
import { planFeatures } from "./plan.js";

/** Nothing is encoded by a target of so many classes. */
const MANY_CLASSES = 1000;

/**
 * The pipeline for models of several labels: that of one target, but nothing in it looks at the target. Of the terms of a text,
 * those are chosen that differ most between rows.
 */
export function planLabelFeatures(
  inputs: Frame,
  style: FeatureStyle,
  texts: Pick<PlanLimits, "tokenizer" | "joined"> = {},
): FeaturePlan {
  const plan = planFeatures(describeColumns(inputs), style, {
    ...{ rows: inputs.rows, task: "multiclass", classes: MANY_CLASSES, segmenter: true },
    ...texts,
  });
  const steps = plan.steps.map((step) =>
    step.transform === "select" ? { ...step, config: { ...step.config, score: "variance" } } : step,
  );
  return { ...plan, steps };
}
