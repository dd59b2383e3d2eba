import { verifyBundle } from "../../capabilities/bundles/index.js";
import { outcomeValues, unitFigures } from "../../capabilities/monitoring/experiments/outcomes.js";
import { planExperiment } from "../../capabilities/monitoring/experiments/plan-experiment.js";
import type {
  ExperimentDesign,
  ExperimentResult,
  OutcomeGoal,
} from "../../foundation/contracts/experiment.js";
import type { Model, Store } from "../../foundation/contracts/store.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import type { WorkflowContext } from "../context.js";
import { loggedRows, takePredicted } from "../watch/watched-rows.js";
import { checkOutcome } from "./measure-experiment.js";

const DAY_MS = 86_400_000;
/** How far back the champion's predictions say what to expect. */
const LOOK_BACK_MS = 7 * DAY_MS;

export function defaultGoal({ task }: Pick<Model, "task">): OutcomeGoal {
  return { outcome: task === "regression" ? "absolute-error" : "correct" };
}

/** The goal, or the usual one. @throws QuernError CONFIG_INVALID where it does not fit the model */
export async function prepareGoal(
  store: Store,
  model: Model,
  goal: OutcomeGoal | undefined,
): Promise<OutcomeGoal> {
  const chosen = goal ?? defaultGoal(model);
  const { task, outputs } = (await manifestOf(store, model)).manifest;
  checkOutcome(chosen, tabularTask(task, "An experiment"), outputs.kind === "classes" ? outputs.classes : []);
  return chosen;
}

/** How long it may take, by how the champion's labelled predictions of the last week scatter and how many there are a day. */
export async function planFromLog(
  store: Store,
  champion: Model,
  { goal, minimumEffect, level, expectedUnits }: ExperimentDesign & { readonly goal: OutcomeGoal },
  context: WorkflowContext,
): Promise<ExperimentResult["plan"]> {
  if (minimumEffect === 0) return null;
  const { manifest } = await manifestOf(store, champion);
  const to = context.clock.now() + 1;
  const span = { from: to - LOOK_BACK_MS, to, withInputs: false };
  const { labels, predictions, at, ids } = await loggedRows(manifest, span, store, context);
  if (labels.rows.length < 2 || !at || !ids) return null;
  const values = outcomeValues(goal, takePredicted(predictions, labels.rows), labels.target);
  const { variance } = unitFigures(
    Array.from(labels.rows, (row) => ids[row]!),
    values,
  );
  const spanMs = Math.max(1, to - at[0]!);
  if (!(variance > 0)) return null;
  const { sequentialUnits: units, days } = planExperiment({
    variance,
    effect: minimumEffect,
    unitsPerDay: (labels.rows.length / spanMs) * DAY_MS,
    options: { level, tunedUnits: expectedUnits },
  });
  return { units, days };
}

async function manifestOf(store: Store, { name, version }: Model) {
  return verifyBundle(await store.models.folder(`${name}@${version}`));
}
