import { fitBlend } from "../../capabilities/ensembles/blend.js";
import {
  type Combine,
  crossFittedEnsemble,
  pairedFoldGains,
} from "../../capabilities/ensembles/cross-fit.js";
import { selectGreedily } from "../../capabilities/ensembles/greedy.js";
import type { CombinationProblem, EnsembleCandidate } from "../../capabilities/ensembles/problem.js";
import { judgeStackedLayer, rowsWithTwins } from "../../capabilities/ensembles/stacking-guard.js";
import { type CalibrationState, fitCalibration } from "../../capabilities/trainers/calibration/index.js";
import type { Logger } from "../../foundation/base/logger.js";
import { createRandom } from "../../foundation/base/random.js";
import { cellWidth, type Frame } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import { type Predictions, takeTarget, takeWeights, targetRows } from "../../foundation/contracts/target.js";
import type { Choice, Share } from "./assemble.js";
import { heldOutRows, type LearningMaterial } from "./material.js";
import type { StackLayer } from "./stack.js";
import { type FinishedTrial, ranked } from "./trial.js";

export interface WeighTools {
  readonly project: Project;
  readonly metric: Metric;
  readonly logger: Logger;
}

/** Trials with weights, and what they say together. */
export interface Weighed extends Choice {
  /** For the held-out rows, by weights that were chosen without the row's fold. */
  readonly heldOut: Predictions;
}

/** Of fewer rows the choice of members is so much luck that the mean of several choices may be better. */
const FEW_ROWS = 1500;
/** Each choice is among so many of the trials: what is luckiest of all is in few of them. */
const BAGS = { share: 0.3, least: 4, steps: 15 };
const SELECTIONS = 20;
/** To judge them, without each fold, fewer will do. */
const JUDGED_SELECTIONS = 6;
/** A member with a smaller share costs every prediction its time and changes none. */
const LEAST_SHARE = 0.02;

const greedy: Combine = (asked) => selectGreedily(asked).weights;
const blend: Combine = (asked) => fitBlend(asked).weights;

/** @param share of the trials, for each selection */
export const meanOfSelections =
  (count: number, share: number = BAGS.share): Combine =>
  (asked) => {
    const part = Math.min(1, Math.max(share, BAGS.least / asked.candidates.length));
    const bags = { count, share: part, random: createRandom("ensemble") };
    const { weights } = selectGreedily(asked, { bags, steps: BAGS.steps });
    const kept = weights.map((weight) => (weight < LEAST_SHARE ? 0 : weight));
    const sum = kept.reduce((total, weight) => total + weight, 0);
    // Many members of equal small shares: none of them is small.
    return sum === 0 ? weights : kept.map((weight) => weight / sum);
  };

type EnsembleKind = Exclude<Project["ensemble"]["kind"], "none">;
const SELECTION: Readonly<Record<EnsembleKind, Combine>> = { auto: greedy, blend };

/** Weights, and what such weights say of rows whose fold had no part in them. */
interface ChosenWeights {
  readonly weights: ArrayLike<number>;
  readonly heldOut: Predictions;
}

/**
 * As the project wants it. On few rows the mean of several selections, unless one selection among all trials is better by
 * more than a standard error over the folds: where one family is far ahead most of the selections would be without it.
 * Measured by `bench/automl/choices.mjs` (docs/decisions/0016).
 */
function chooseWeights(
  problem: CombinationProblem,
  folds: ArrayLike<number>,
  kind: EnsembleKind,
): ChosenWeights {
  const once = crossFittedEnsemble(problem, folds, SELECTION[kind]).predictions;
  if (kind === "auto" && targetRows(problem.target) < FEW_ROWS) {
    const several = crossFittedEnsemble(problem, folds, meanOfSelections(JUDGED_SELECTIONS)).predictions;
    const gain = pairedFoldGains(problem, once, several, folds);
    if (gain.mean >= -gain.standardError)
      return { weights: meanOfSelections(SELECTIONS)(problem), heldOut: several };
  }
  return { weights: SELECTION[kind](problem), heldOut: once };
}

/** The question which of the trials together predict the held-out rows best. */
export function problemOf(
  trials: readonly FinishedTrial[],
  material: LearningMaterial,
  metric: Metric,
): CombinationProblem {
  const rows = heldOutRows(material);
  const { target, weights } = material;
  return {
    candidates: candidatesOf(trials),
    target: takeTarget(target, rows),
    ...takeWeights(weights, rows),
    metric,
  };
}

const candidatesOf = (trials: readonly FinishedTrial[]): EnsembleCandidate[] =>
  trials.map(({ heldOut }) => ({ predictions: heldOut }));

/**
 * The best trials together, with a second layer where that beats the first. That the best alone looks as good is no
 * reason to keep it: chosen among many on few rows it is the luckiest (docs/decisions/0016).
 */
export function weigh(
  best: readonly FinishedTrial[],
  layer: StackLayer | undefined,
  material: LearningMaterial,
  { project, metric, logger }: WeighTools,
): Weighed {
  const [first] = best;
  const rows = heldOutRows(material);
  const single: Weighed = { shares: [{ trial: first!, weight: 1 }], inputs: [], heldOut: first!.heldOut };
  const { kind } = project.ensemble;
  if (kind === "none") return single;
  const problem = problemOf(best, material, metric);
  const folds = foldOfRows(material, rows);
  const second = ranked(layer?.trials ?? [], metric);
  if (layer && second.length > 0) {
    const twins = rowsWithTwins(rowContents(material.frame, rows), folds);
    const stacked = candidatesOf(second);
    const decision = judgeStackedLayer({ ...problem, stacked }, folds, { combine: SELECTION[kind], twins });
    logger.log("info", decision.reason, { gain: decision.gain.mean, error: decision.gain.standardError });
    if (decision.keep) {
      const everyone = [...best, ...second];
      const chosen = chooseWeights({ ...problem, candidates: candidatesOf(everyone) }, folds, kind);
      const shares = weighted(everyone, chosen.weights);
      const isStacked = shares.some(({ trial }) => second.includes(trial));
      return { shares, inputs: isStacked ? layer.inputs : [], heldOut: chosen.heldOut };
    }
  }
  if (best.length === 1) return single;
  const { weights, heldOut } = chooseWeights(problem, folds, kind);
  return { shares: weighted(best, weights), inputs: [], heldOut };
}

export function weighted(trials: readonly FinishedTrial[], weights: ArrayLike<number>): Share[] {
  return trials
    .map((trial, i) => ({ trial, weight: weights[i]! }))
    .filter(({ weight }) => weight > 0)
    .sort((a, b) => b.weight - a.weight || a.trial.candidate.number - b.trial.candidate.number);
}

/** A text for each row that equal rows share. */
function rowContents(frame: Frame, rows: Int32Array): string[] {
  const columns = [...frame.columns.values()];
  return Array.from(rows, (row) =>
    columns
      .map((column) => {
        const width = cellWidth(column);
        const values = "codes" in column ? column.codes : column.values;
        return Array.from({ length: width }, (_, k) => values[row * width + k]).join();
      })
      .join("\u0000"),
  );
}

/** Fold that holds each of the rows out; a single holdout is cut into five, so that choosing is judged as well. */
export function foldOfRows({ folds, frame }: LearningMaterial, rows: Int32Array): Int32Array {
  if (folds.length === 1) return Int32Array.from(rows, (_, position) => position % 5);
  const foldOf = new Int32Array(frame.rows).fill(-1);
  for (const [fold, { heldOut }] of folds.entries()) for (const row of heldOut) foldOf[row] = fold;
  return Int32Array.from(rows, (row) => foldOf[row]!);
}

/** On what the chosen say about rows they have not seen. */
export function calibrate(
  { shares, heldOut }: Weighed,
  material: LearningMaterial,
  { project }: Pick<WeighTools, "project">,
): CalibrationState {
  const rows = heldOutRows(material);
  const { target, weights } = material;
  return fitCalibration(heldOut, takeTarget(target, rows), {
    method: project.calibration,
    random: createRandom(project.seed).fork("calibration"),
    ...takeWeights(weights, rows),
    // The mean of several models is known to be too timid, and its folds are those of its choice.
    ...(shares.length > 1
      ? { folds: foldOfRows(material, rows), among: ["temperature"] as const, margin: 0 }
      : {}),
  });
}
