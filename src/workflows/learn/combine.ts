import { applyCalibration } from "../../capabilities/trainers/calibration/index.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { FittedModel } from "../train/fit-messages.js";
import { assemble, bundleLimit, type Choice } from "./assemble.js";
import { type DistillTools, distills, studentModel, studentTrials } from "./distill.js";
import { hasten } from "./hasten.js";
import { heldOutRows, type LearningMaterial } from "./material.js";
import type { LearnedModel } from "./model.js";
import type { StackLayer } from "./stack.js";
import { ranked, scoreRows, type TrialResult } from "./trial.js";
import { calibrate, type Weighed, weigh } from "./weigh.js";

export interface CombineTools extends DistillTools {
  /** Of a stored fit. */
  load(hash: Sha256): Promise<FittedModel>;
  /** Measures whether an exported model answers quickly enough; absent: nobody asks. */
  readonly isQuick?: (model: LearnedModel) => Promise<boolean>;
}

/** The shares: largest weight first; one of weight 1 where nothing was combined. */
export interface Combination extends Choice {
  /** Predictions for the held-out rows by weights that were chosen without the row's fold. */
  readonly heldOut: Predictions;
  /** Of the decisive metric on them. */
  readonly value: number;
  readonly model: LearnedModel;
  /** All there were: of the search, of a second layer, and students. */
  readonly trials: readonly TrialResult[];
  /** Of the ensemble that taught the one model there is; absent: the model was not distilled. */
  readonly distilledFrom?: number;
}

/** Only the best so many trials are considered: further ones add next to nothing, and cost time. */
const MOST_CANDIDATES = 40;

/**
 * Chooses weights by held-out predictions, fits the calibration on what the weighted average says about held-out
 * rows, and makes one model of the chosen trials' fits.
 */
export async function combine(
  trials: readonly TrialResult[],
  layer: StackLayer | undefined,
  material: LearningMaterial,
  identity: Sha256,
  tools: CombineTools,
): Promise<Combination> {
  const best = ranked(trials, tools.metric).slice(0, MOST_CANDIDATES);
  const chosen = weigh(best, layer, material, tools);
  const calibration = calibrate(chosen, material, tools);
  const value = scoreRows(tools.metric, chosen.heldOut, material, heldOutRows(material));
  const all = [...trials, ...(layer?.trials ?? [])];
  if (distills(tools.project, material.folds.length)) {
    const teacher = applyCalibration(chosen.heldOut, calibration);
    const students = await studentTrials(teacher, all, material, identity, tools);
    const student = await graduate(students, material, identity, tools);
    if (student) return { ...student, trials: [...all, ...students], distilledFrom: value };
  }
  const limit = bundleLimit(tools.project);
  const context = { material, identity, tools };
  const model = await assemble(chosen, calibration, limit, context);
  if (!tools.isQuick || (await tools.isQuick(model))) return { ...chosen, trials: all, value, model };
  return { ...(await hasten(best, chosen, { ...context, isQuick: tools.isQuick })), trials: all };
}

/** The best student as the whole model; undefined when none was in time. */
async function graduate(
  students: readonly TrialResult[],
  material: LearningMaterial,
  identity: Sha256,
  tools: CombineTools,
): Promise<Omit<Combination, "trials"> | undefined> {
  const [trial] = ranked(students, tools.metric);
  if (!trial) {
    tools.logger.log("warn", "No small model could be distilled in time; the ensemble is kept.");
    return undefined;
  }
  const chosen: Weighed = { shares: [{ trial, weight: 1 }], inputs: [], heldOut: trial.heldOut };
  const calibration = calibrate(chosen, material, tools);
  const model = await studentModel(trial, calibration, identity, tools);
  return { ...chosen, value: trial.value, model };
}
