import { crossFittedEnsemble } from "../../capabilities/ensembles/cross-fit.js";
import { selectGreedily } from "../../capabilities/ensembles/greedy.js";
import { type CombinationProblem, metricValue, oriented } from "../../capabilities/ensembles/problem.js";
import { judgeStackedLayer, rowsWithTwins } from "../../capabilities/ensembles/stacking-guard.js";
import {
  applyCalibration,
  type CalibrationState,
  fitCalibration,
} from "../../capabilities/trainers/calibration/index.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { createRandom } from "../../foundation/base/random.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import { type Predictions, takeTarget } from "../../foundation/contracts/target.js";
import type { FittedModel } from "../train/fit-messages.js";
import { assemble, bundleLimit, type Choice, type Share } from "./assemble.js";
import { type DistillTools, distills, studentModel, studentTrials } from "./distill.js";
import { heldOutRows, type LearningMaterial } from "./material.js";
import type { LearnedModel } from "./model.js";
import type { StackLayer } from "./stack.js";
import { type FinishedTrial, ranked, scoreRows, type TrialResult } from "./trial.js";

export interface CombineTools extends DistillTools {
  /** Of a stored fit. */
  load(hash: Sha256): Promise<FittedModel>;
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
  const model = await assemble(chosen, calibration, limit, { material, identity, tools });
  return { ...chosen, trials: all, value, model };
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

/** On what the chosen say about rows they have not seen. */
function calibrate(
  { shares, heldOut }: Weighed,
  material: LearningMaterial,
  { project }: CombineTools,
): CalibrationState {
  const rows = heldOutRows(material);
  const { target, weights } = material;
  return fitCalibration(heldOut, takeTarget(target, rows), {
    method: project.calibration,
    random: createRandom(project.seed).fork("calibration"),
    ...(weights ? { weights: Float64Array.from(rows, (row) => weights[row]!) } : {}),
    // The mean of several models is known to be too timid, and its folds are those of its choice.
    ...(shares.length > 1
      ? { folds: foldOfRows(material, rows), among: ["temperature"] as const, margin: 0 }
      : {}),
  });
}

interface Weighed extends Choice {
  readonly heldOut: Predictions;
}

const choose = (asked: CombinationProblem): ArrayLike<number> => selectGreedily(asked).weights;

/** The best trials together where that beats the best alone, with a second layer where that beats the first. */
function weigh(
  best: readonly FinishedTrial[],
  layer: StackLayer | undefined,
  material: LearningMaterial,
  { project, metric, logger }: CombineTools,
): Weighed {
  const [first] = best;
  const rows = heldOutRows(material);
  const single: Weighed = { shares: [{ trial: first!, weight: 1 }], inputs: [], heldOut: first!.heldOut };
  if (project.ensemble.kind === "none") return single;
  const candidatesOf = (trials: readonly FinishedTrial[]) =>
    trials.map(({ heldOut }) => ({ predictions: heldOut }));
  const problem = {
    candidates: candidatesOf(best),
    target: takeTarget(material.target, rows),
    ...(material.weights ? { weights: Float64Array.from(rows, (row) => material.weights![row]!) } : {}),
    metric,
  };
  const folds = foldOfRows(material, rows);
  const second = ranked(layer?.trials ?? [], metric);
  if (layer && second.length > 0) {
    const twins = rowsWithTwins(rowContents(material.frame, rows), folds);
    const stacked = candidatesOf(second);
    const decision = judgeStackedLayer({ ...problem, stacked }, folds, { combine: choose, twins });
    logger.log("info", decision.reason, { gain: decision.gain.mean, error: decision.gain.standardError });
    if (decision.keep) {
      const everyone = [...best, ...second];
      const shares = weighted(everyone, choose({ ...problem, candidates: candidatesOf(everyone) }));
      const isStacked = shares.some(({ trial }) => second.includes(trial));
      return { shares, inputs: isStacked ? layer.inputs : [], heldOut: decision.bothLayers.predictions };
    }
  }
  if (best.length === 1) return single;
  const together = crossFittedEnsemble(problem, folds, choose);
  const alone = crossFittedEnsemble(problem, folds, chooseBest);
  if (oriented(metric, together.value) <= oriented(metric, alone.value)) return single;
  return { shares: weighted(best, choose(problem)), inputs: [], heldOut: together.predictions };
}

function weighted(trials: readonly FinishedTrial[], weights: ArrayLike<number>): Share[] {
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
        const width = column.kind === "vector" ? column.width : 1;
        const values = "codes" in column ? column.codes : column.values;
        return Array.from({ length: width }, (_, k) => values[row * width + k]).join();
      })
      .join("\u0000"),
  );
}

/** All weight on the best candidate: what a combination must beat, choosing on the same rows. */
function chooseBest(problem: CombinationProblem): number[] {
  const values = problem.candidates.map(({ predictions }) =>
    oriented(problem.metric, metricValue(problem, predictions)),
  );
  const best = values.indexOf(
    values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY),
  );
  return values.map((_, k) => (k === Math.max(0, best) ? 1 : 0));
}

/** Fold that holds each of the rows out; a single holdout is cut into five, so that choosing is judged as well. */
function foldOfRows({ folds, frame }: LearningMaterial, rows: Int32Array): Int32Array {
  if (folds.length === 1) return Int32Array.from(rows, (_, position) => position % 5);
  const foldOf = new Int32Array(frame.rows).fill(-1);
  for (const [fold, { heldOut }] of folds.entries()) for (const row of heldOut) foldOf[row] = fold;
  return Int32Array.from(rows, (row) => foldOf[row]!);
}
