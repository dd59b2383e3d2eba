import type { ClassTarget, RegressionTarget, Target } from "../../../foundation/contracts/target.js";

/** @throws Error when the target is no class target: the caller ignored the trainer's `tasks`. */
export function classificationTarget(target: Target, trainer: string): ClassTarget {
  if (target.task === "regression")
    throw new Error(`The trainer ${trainer} does not take regression targets.`);
  return target;
}

/** @throws Error when the target is no regression target: the caller ignored the trainer's `tasks`. */
export function regressionTarget(target: Target, trainer: string): RegressionTarget {
  if (target.task !== "regression") throw new Error(`The trainer ${trainer} takes regression targets only.`);
  return target;
}
