import {
  columnsAfterSteps,
  type PipelineStep,
  type TransformMap,
} from "../../capabilities/features/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import { createRandom } from "../../foundation/base/random.js";
import { columnOf, type Frame } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Target } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";

/** The project's own first steps as the pipeline takes them. */
export function featureSteps({ features }: Pick<Project, "features">): PipelineStep[] {
  return features.map(({ transform, columns, keepInputs, ...config }) => ({
    transform,
    config,
    ...(columns === undefined ? {} : { columns }),
    ...(keepInputs === undefined ? {} : { keepInputs }),
  }));
}

/**
 * What the project's own first steps make of the training rows: what plans and estimates are made for. Steps that
 * cannot be are found here, before any work is done.
 * @throws QuernError CONFIG_INVALID, DATA_COLUMN_UNKNOWN
 */
export function columnsToPlanFor(
  project: Project,
  { raw, target }: { readonly raw: Frame; readonly target: Target },
  transforms: TransformMap,
  { clock, logger, signal, threads }: WorkflowContext,
): Frame {
  const steps = featureSteps(project);
  for (const step of steps) checkStep(step, raw, transforms);
  return columnsAfterSteps(raw, steps, {
    transforms,
    target,
    context: {
      ...{ clock, logger, signal, threads, random: createRandom(project.seed).fork("feature-steps") },
      report: () => undefined,
    },
  });
}

function checkStep(
  { transform: id, columns = [] }: PipelineStep,
  raw: Frame,
  transforms: TransformMap,
): void {
  // What runs before the graph is planned with the model that reads it.
  const known = [...transforms.values()].filter(({ emit }) => emit !== undefined).map((one) => one.id);
  for (const name of columns) columnOf(raw, name);
  if (known.includes(id)) return;
  const guess = nearest(id, known);
  throw new QuernError(
    "CONFIG_INVALID",
    `features: there is no transform ${JSON.stringify(id)}${guess ? `; did you mean ${guess}?` : "."}`,
    { details: { key: "features", transform: id }, hint: `There are ${known.sort().join(", ")}.` },
  );
}
