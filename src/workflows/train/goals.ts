import { QuernError } from "../../foundation/base/errors.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import { SIZE_GOAL } from "../learn/assemble.js";

/** A goal that is measured on the exported bundle, not on predictions. */
export const LATENCY_GOAL = "latencyP99Ms";

/** @throws QuernError CONFIG_INVALID for a goal that nothing measures */
export function checkGoals(project: Project, task: TaskType, metrics: readonly Metric[]): void {
  const known = [
    ...metrics.filter((metric) => metric.tasks.includes(task)).map((metric) => metric.id),
    LATENCY_GOAL,
    SIZE_GOAL,
  ];
  const unknown = Object.keys(project.task.goals).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new QuernError(
    "CONFIG_INVALID",
    `task.goals: nothing measures ${JSON.stringify(unknown)} for a ${task} task.`,
    {
      details: { key: `task.goals.${unknown}` },
      hint: `Goals may name ${known.join(", ")}.`,
    },
  );
}

export function judgeGoals(
  project: Project,
  figures: Readonly<Record<string, number | null>>,
): TrainResult["goals"] {
  return Object.entries(project.task.goals).map(([name, goal]) => {
    const value = figures[name] ?? null;
    return { name, goal, value, met: value !== null && goalHolds(value, goal) };
  });
}

/** Whether a figure is within a bound such as `>= 0.84`. */
export function goalHolds(value: number, goal: string): boolean {
  const [, comparison, limit] = /^\s*(>=|<=|>|<)\s*(\S+)\s*$/.exec(goal)!;
  const bound = Number(limit);
  switch (comparison) {
    case ">=":
      return value >= bound;
    case "<=":
      return value <= bound;
    case ">":
      return value > bound;
    default:
      return value < bound;
  }
}
