import type { Sha256 } from "../../foundation/base/hash.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Predictions } from "../../foundation/contracts/target.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { type Candidate, type Configured, estimateAll } from "./candidates.js";
import type { FeatureCache } from "./features.js";
import type { LearningMaterial } from "./material.js";
import type { LearnedModel } from "./model.js";
import { runTrials } from "./search.js";
import { affordable, type StackTools } from "./stack.js";
import { packTeacher } from "./supplement.js";
import { type FinishedTrial, fitTask, ranked, type TrialResult } from "./trial.js";

export interface DistillTools extends StackTools {
  readonly features: FeatureCache;
}

/** Learners of small models. Classes are learned from weighted rows, so for them only those that follow weights. */
const STUDENTS = ["gbdt", "logistic-regression", "ridge", "quadratic-ridge", "neural-network"];

/** Whether one small model is to take the ensemble's place; its teacher must have spoken of every learning row. */
export const distills = ({ ensemble }: Project, folds: number): boolean => ensemble.distill && folds > 1;

/**
 * Small models that learn what the ensemble says of rows it has not seen, on the same folds, judged by the true
 * target on held-out rows like every other trial.
 * @param teacher calibrated, of all learning rows
 */
export async function studentTrials(
  teacher: Predictions,
  trials: readonly TrialResult[],
  material: LearningMaterial,
  identity: Sha256,
  tools: StackTools,
): Promise<readonly TrialResult[]> {
  const { situation, trainers, metric, budget } = tools;
  const supplement = await tools.save(packTeacher(teacher));
  const first = ranked(trials, metric);
  const able = ({ id, tasks, capabilities }: Trainer): boolean =>
    STUDENTS.includes(id) &&
    tasks.includes(situation.task) &&
    (situation.task === "regression" || capabilities.sampleWeights);
  const start = Math.max(...trials.map(({ candidate }) => candidate.number)) + 1;
  const candidates = STUDENTS.flatMap((id) =>
    trainers.filter((trainer) => trainer.id === id && able(trainer)),
  )
    .map((trainer): Configured => {
      const known = first.find(({ candidate }) => candidate.trainer.id === trainer.id);
      return { trainer, config: known?.candidate.config ?? trainer.config.parse({}) };
    })
    .map(
      (configured, i): Candidate => ({
        ...configured,
        number: start + i,
        origin: "distillation",
        supplement,
        estimate: estimateAll(configured, situation),
      }),
    );
  // There is always one; the others where they cost little beside the search.
  const chosen = [...candidates.slice(0, 1), ...affordable(candidates.slice(1), trials)];
  const admitted = chosen.filter((candidate) => budget.admits(candidate));
  return runTrials(admitted, material, identity, trials, tools);
}

/** The student, taught on all rows at once for as long as it took on the folds. */
export async function studentModel(
  { candidate, fits }: FinishedTrial,
  calibration: LearnedModel["calibration"],
  identity: Sha256,
  { fitter, features, signal }: DistillTools,
): Promise<LearnedModel> {
  const { trainer, number } = candidate;
  const lengths = fits.flatMap(({ diagnostics: { bestIteration } }) => bestIteration ?? []);
  const mean = lengths.reduce((sum, length) => sum + length / lengths.length, 0);
  const maxIterations = lengths.length > 0 ? { maxIterations: Math.max(1, Math.round(mean)) } : {};
  const task = { ...fitTask(candidate, identity, "all"), ...maxIterations };
  const { state } = (await fitter.fit(task, signal)).outcome;
  return {
    pipelines: [features.prepare(trainer.capabilities.features).pipeline],
    members: [{ trainer, state, weight: 1, trialShare: 1, pipeline: 0, trial: number }],
    stack: [],
    calibration,
  };
}
