import { columnOf } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import { checkTuning } from "../learn/proposer.js";
import type { Extensions } from "../project/extensions.js";
import { checkGoals } from "./goals.js";
import type { PreparedData } from "./prepare.js";

/**
 * What a project may say wrong about these data, found before any work is done.
 * @throws QuernError CONFIG_INVALID, DATA_COLUMN_UNKNOWN
 */
export function checkSettings(
  project: Project,
  { frame, target }: PreparedData,
  extensions: Extensions,
): void {
  checkGoals(project, target.task, extensions.metrics);
  checkTuning(project, extensions);
  for (const name of project.evaluation.fairness) columnOf(frame, name);
}
