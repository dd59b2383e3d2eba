import type {
  ArmFigures,
  SequentialDifference,
} from "../../capabilities/monitoring/experiments/confidence-sequence.js";
import {
  type ExperimentVerdict,
  judgeExperiment,
  type WatchedOutcome,
} from "../../capabilities/monitoring/experiments/judge-experiment.js";
import {
  directionOf,
  outcomesOf,
  outcomeValues,
  unitFigures,
} from "../../capabilities/monitoring/experiments/outcomes.js";
import { planExperiment } from "../../capabilities/monitoring/experiments/plan-experiment.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { Deployment, DeploymentChange } from "../../foundation/contracts/deployment.js";
import type {
  Experiment,
  ExperimentDesign,
  ExperimentStatus,
  OutcomeGoal,
} from "../../foundation/contracts/experiment.js";
import { spanMs } from "../../foundation/contracts/span.js";
import type { Store } from "../../foundation/contracts/store.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import type { WorkflowContext } from "../context.js";
import { type Arm, readArm } from "./read-arm.js";

const DAY_MS = 86_400_000;

/** A deployment that carries an experiment. */
export interface RunningExperiment {
  readonly experiment: Experiment;
  readonly deployment: Deployment;
  readonly number: number;
  readonly startedAt: number;
}

export function runningExperiment(change: DeploymentChange | undefined): RunningExperiment | undefined {
  const { deployment, number, changedAt: startedAt } = change ?? {};
  if (!deployment?.experiment || number === undefined || startedAt === undefined) return undefined;
  return { experiment: deployment.experiment, deployment, number, startedAt };
}

/** @throws QuernError CONFIG_INVALID where the outcome says nothing about such a target */
export function checkOutcome(goal: OutcomeGoal, task: TaskType, classes: readonly string[]): void {
  const known = outcomesOf(task);
  if (!known.includes(goal.outcome))
    throw new QuernError("CONFIG_INVALID", `${goal.outcome} is no outcome of a ${task} model.`, {
      hint: `Compare ${known.join(", ")}.`,
    });
  const { class: counted } = goal;
  if (counted !== undefined && !classes.includes(counted))
    throw new QuernError("CONFIG_INVALID", `${JSON.stringify(counted)} is no class of the model.`, {
      hint: `Its classes are ${classes.join(", ") || "none: it predicts numbers"}.`,
    });
}

/** What the figures say now. May be asked as often as one likes. */
export async function measureExperiment(
  { experiment, deployment, startedAt }: RunningExperiment,
  store: Store,
  context: WorkflowContext,
): Promise<ExperimentStatus> {
  const { id, goal, guards, minimumEffect } = experiment;
  const arms: Arm[] = [];
  for (const { model } of deployment.variants)
    arms.push(await readArm({ reference: model, experiment: id, startedAt }, store, context));
  const [control, treatment] = arms as [Arm, Arm];
  const weights = deployment.variants.map(({ weight }) => weight) as [number, number];
  const judged = judgeExperiment({
    goal: watched(goal, control, treatment),
    guards: guards.map((guard) => ({ ...watched(guard, control, treatment), harm: guard.harm })),
    shares: weights,
    assigned: [control.units.size, treatment.units.size],
    minimumEffect,
    options: { level: experiment.level, tunedUnits: experiment.expectedUnits },
  });
  const elapsedMs = context.clock.now() - startedAt;
  const whole = weights[0] + weights[1];
  return {
    ...{ id, startedAt },
    ...inTime(judged, experiment, elapsedMs),
    arms: arms.map((arm, index) => {
      const { mean, units } = figuresOf(goal, arm);
      return {
        model: deployment.variants[index]!.model,
        version: arm.version,
        share: weights[index]! / whole,
        predictions: arm.predictions,
        units: arm.units.size,
        labelledUnits: units,
        mean: finite(mean),
      };
    }),
    ...{ sampleRatio: judged.sampleRatio, labelRatio: judged.labelRatio },
    goal: differenceOf(goal, judged.goal),
    guards: judged.guards.map((guard, index) => differenceOf(guards[index]!, guard)),
    expected: expectedOf(experiment, arms, elapsedMs),
  };
}

/** A clear verdict waits for the shortest time, harm does not; nothing waits for ever. */
function inTime(
  { verdict, reason }: ExperimentVerdict,
  { shortest, longest }: Pick<ExperimentDesign, "shortest" | "longest">,
  elapsedMs: number,
): Pick<ExperimentStatus, "verdict" | "reason"> {
  const early = shortest !== undefined && elapsedMs < spanMs(shortest);
  if (early && (verdict === "launch" || verdict === "no-effect"))
    return { verdict: "continue", reason: `${reason} It goes on until it is ${shortest} old.` };
  if (verdict === "continue" && elapsedMs >= spanMs(longest))
    return { verdict: "inconclusive", reason: `Not clear after ${longest}.` };
  return { verdict, reason };
}

function watched(goal: OutcomeGoal, control: Arm, treatment: Arm): WatchedOutcome {
  return {
    name: goal.outcome,
    direction: directionOf(goal),
    control: figuresOf(goal, control),
    treatment: figuresOf(goal, treatment),
  };
}

function figuresOf(goal: OutcomeGoal, { labelled }: Arm): ArmFigures {
  return unitFigures(labelled.units, outcomeValues(goal, labelled.predictions, labelled.target));
}

function differenceOf(
  { outcome }: OutcomeGoal,
  { difference, low, high, pValue }: SequentialDifference,
): ExperimentStatus["goal"] {
  return { outcome, improvement: finite(difference), low: finite(low), high: finite(high), pValue };
}

function expectedOf(
  { goal, minimumEffect, level, expectedUnits }: Experiment,
  arms: readonly Arm[],
  elapsedMs: number,
): ExperimentStatus["expected"] {
  const [control] = arms.map((arm) => figuresOf(goal, arm));
  const labelled = arms.reduce((sum, arm) => sum + new Set(arm.labelled.units).size, 0);
  if (!control || minimumEffect === 0 || labelled === 0 || elapsedMs <= 0 || !(control.variance > 0))
    return null;
  const { sequentialUnits: units, days } = planExperiment({
    variance: control.variance,
    effect: minimumEffect,
    unitsPerDay: (labelled / elapsedMs) * DAY_MS,
    options: { level, tunedUnits: expectedUnits },
  });
  return { units, days };
}

export const finite = (value: number): number | null => (Number.isFinite(value) ? value : null);
