import type { Sha256 } from "../../foundation/base/hash.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { type Candidate, estimateAll } from "./candidates.js";
import type { FeatureCache } from "./features.js";
import type { LearningMaterial } from "./material.js";
import type { LearnedModel } from "./model.js";
import { runTrials } from "./search.js";
import type { StackTools } from "./stack.js";
import { packTeacher } from "./supplement.js";
import { type FinishedTrial, fitTask, isFinished, ranked, type TrialResult } from "./trial.js";

export interface DistillTools extends StackTools {
  readonly features: FeatureCache;
}

/** Learners of small models; the first is taken where the search has tried none of them. */
const STUDENTS = ["gbdt", "logistic-regression", "ridge", "quadratic-ridge", "neural-network"];

/** Whether one small model is to take the ensemble's place; its teacher must have spoken of every learning row. */
export const distills = ({ ensemble }: Project, folds: number): boolean => ensemble.distill && folds > 1;

/**
 * The small model that will be taught: the configuration that predicts held-out rows best when it learns from the
 * true target. Students themselves cannot be judged on the folds: what the teacher says of the other folds was
 * learned with the labels of the fold that would judge (credit-g: AUC .834 for a student, .793 for its teacher).
 */
export async function chooseStudent(
  trials: readonly TrialResult[],
  material: LearningMaterial,
  identity: Sha256,
  tools: StackTools,
): Promise<FinishedTrial | undefined> {
  const { situation, trainers, metric } = tools;
  // Classes are learned from weighted rows.
  const able = ({ id, tasks, capabilities }: Trainer): boolean =>
    STUDENTS.includes(id) &&
    tasks.includes(situation.task) &&
    (situation.task === "regression" || capabilities.sampleWeights);
  const known = ranked(trials, metric).find(
    ({ candidate }) => able(candidate.trainer) && candidate.origin !== "stack",
  );
  const trainer = trainers.find(({ id }) => id === STUDENTS[0]);
  if (known || !trainer) return known;
  const configured = { trainer, config: trainer.config.parse({}) };
  const number = Math.max(...trials.map(({ candidate }) => candidate.number)) + 1;
  const estimate = estimateAll(configured, situation);
  const candidate: Candidate = { ...configured, number, origin: "distillation", estimate };
  if (!tools.budget.admits(candidate)) return undefined;
  return (await runTrials([candidate], material, identity, trials, tools)).find(isFinished);
}

/**
 * The student, taught what the ensemble says of rows it has not seen, on all rows at once and for as long as it
 * took on the folds. Its teacher is calibrated already.
 * @param teacher calibrated, of all learning rows
 */
export async function teach(
  { candidate, fits }: FinishedTrial,
  teacher: Predictions,
  identity: Sha256,
  { fitter, features, signal, save }: DistillTools,
): Promise<LearnedModel> {
  const { trainer, number } = candidate;
  const lengths = fits.flatMap(({ diagnostics: { bestIteration } }) => bestIteration ?? []);
  const mean = lengths.reduce((sum, length) => sum + length / lengths.length, 0);
  const maxIterations = lengths.length > 0 ? { maxIterations: Math.max(1, Math.round(mean)) } : {};
  const supplement = await save(packTeacher(teacher));
  const task = { ...fitTask({ ...candidate, supplement }, identity, "all"), ...maxIterations };
  const { state } = (await fitter.fit(task, signal)).outcome;
  return {
    pipelines: [features.prepare(trainer.capabilities.features).pipeline],
    members: [{ trainer, state, weight: 1, trialShare: 1, pipeline: 0, trial: number }],
    stack: [],
    calibration: { method: "none", losses: {} },
  };
}
