import { applyCalibration } from "../../capabilities/trainers/calibration/index.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { FittedModel } from "../fitting/fit-messages.js";
import { assemble, bundleLimit, type Choice } from "./assemble.js";
import { chooseStudent, type DistillTools, distills, teach } from "./distill.js";
import { hasten } from "./hasten.js";
import { heldOutRows, type LearningMaterial } from "./material.js";
import type { LearnedModel } from "./model.js";
import type { StackLayer } from "./stack.js";
import { type FinishedTrial, ranked, scoreRows, type TrialResult, withoutCopies } from "./trial.js";
import { calibrate, weigh } from "./weigh.js";

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
  /**
   * Of the ensemble that taught the one model there is; absent: the model was not distilled. `value` and `heldOut`
   * are then those of the same configuration that learned from the true target alone.
   */
  readonly distilledFrom?: number;
}

/** Only so many trials are considered: further ones add next to nothing, and cost time. */
const MOST_CANDIDATES = 40;
/**
 * The best of every family are among them. A long search tries one family a hundred times: its copies would crowd out
 * the forests and neighbours that err elsewhere, and ten minutes would end with a worse model than one.
 */
const BEST_OF_FAMILY = 4;

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
  const best = strongest(trials, tools.metric);
  const chosen = weigh(best, layer, material, tools);
  const calibration = calibrate(chosen, material, tools);
  const value = scoreRows(tools.metric, chosen.heldOut, material, heldOutRows(material));
  const all = [...trials, ...(layer?.trials ?? [])];
  if (distills(tools.project, material.folds.length)) {
    const student = await chooseStudent(all, material, identity, tools);
    if (student) {
      const model = await teach(student, applyCalibration(chosen.heldOut, calibration), identity, tools);
      const trials = all.includes(student) ? all : [...all, student];
      const { heldOut, value: untaught } = student;
      const shares = [{ trial: student, weight: 1 }];
      return { shares, inputs: [], heldOut, value: untaught, model, trials, distilledFrom: value };
    }
    tools.logger.log("warn", "No small model was ready in time to be taught; the ensemble is kept.");
  }
  const limit = bundleLimit(tools.project);
  const context = { material, identity, tools };
  const model = await assemble(chosen, calibration, limit, context);
  if (!tools.isQuick || (await tools.isQuick(model))) return { ...chosen, trials: all, value, model };
  return { ...(await hasten(best, chosen, { ...context, isQuick: tools.isQuick })), trials: all };
}

/** The best of each family, then whatever is best; best first. */
export function strongest(trials: readonly TrialResult[], metric: Metric): readonly FinishedTrial[] {
  const all = withoutCopies(ranked(trials, metric));
  if (all.length <= MOST_CANDIDATES) return all;
  const placed = new Map<string, number>();
  const isOfBest = all.map(({ candidate: { trainer } }) => {
    const place = placed.get(trainer.id) ?? 0;
    placed.set(trainer.id, place + 1);
    return place < BEST_OF_FAMILY;
  });
  let left = MOST_CANDIDATES - isOfBest.filter(Boolean).length;
  return all.filter((_, k) => isOfBest[k] || left-- > 0);
}
