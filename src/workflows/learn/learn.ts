import type { TransformMap } from "../../capabilities/features/index.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { WorkContext } from "../../foundation/contracts/extension.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import type { FittedModel } from "../fitting/fit-messages.js";
import type { Budget } from "./budget.js";
import type { Situation } from "./candidates.js";
import { type Combination, combine } from "./combine.js";
import { distills } from "./distill.js";
import { FeatureCache } from "./features.js";
import type { LearningMaterial } from "./material.js";
import type { LearnedModel } from "./model.js";
import { type Proposer, search } from "./search.js";
import { STACK_SHARE, stacks, stackTrials } from "./stack.js";
import { type FinishedTrial, type Fitter, ranked, type TrialResult } from "./trial.js";

export interface LearningTools {
  readonly project: Project;
  readonly transforms: TransformMap;
  readonly metric: Metric;
  readonly fitter: Fitter;
  /** All there are, the project's own included. */
  readonly trainers: readonly Trainer[];
  readonly situation: Situation;
  readonly proposer: Proposer;
  readonly budget: Budget;
  readonly work: Omit<WorkContext, "random" | "report">;
  load(hash: Sha256): Promise<FittedModel>;
  /** Measures whether an exported model answers quickly enough; absent: nobody asks. */
  readonly isQuick?: (model: LearnedModel) => Promise<boolean>;
  /** Keeps a blob. */
  save(bytes: Uint8Array): Promise<Sha256>;
  onTrial(trial: TrialResult): void;
  /** Numbers of trials whose exported form was found to answer otherwise: they take no part. */
  readonly unfaithful?: ReadonlyMap<number, string>;
}

export interface Learned extends Combination {
  /** The best single trial of the search. */
  readonly best: FinishedTrial;
}

/**
 * From learning rows to one model: searches, weighs, calibrates.
 * @param identity names the packed material in the store
 * @throws AllTrialsFailed
 */
export async function learn(
  material: LearningMaterial,
  identity: Sha256,
  tools: LearningTools,
): Promise<Learned> {
  const { signal, logger } = tools.work;
  const searchTools = { ...tools, signal, logger };
  const stacked = stacks(tools.project, material.frame.rows, material.folds.length);
  const distilled = distills(tools.project, material.folds.length);
  if (tools.project.ensemble.distill && !distilled)
    logger.log("warn", "Nothing is distilled: without inner folds the ensemble has nothing honest to teach.");
  const later = (stacked ? STACK_SHARE : 0) + (distilled ? STACK_SHARE : 0);
  tools.budget.withhold(later / (1 + later));
  const searched = (await search(material, identity, searchTools)).map((trial) =>
    withdrawn(trial, tools.unfaithful?.get(trial.candidate.number)),
  );
  const [best] = ranked(searched, tools.metric);
  if (!best) throw new AllTrialsFailed(searched);
  tools.budget.grant();
  const layer = stacked ? await stackTrials(searched, material, identity, searchTools) : undefined;
  const features = new FeatureCache(material, { ...tools, seed: tools.project.seed });
  const combination = await combine(searched, layer, material, identity, {
    ...searchTools,
    features,
  });
  tools.budget.end();
  return { ...combination, best };
}

/** The trial as it is, or failed for the reason given. */
function withdrawn(trial: TrialResult, error: string | undefined): TrialResult {
  if (error === undefined) return trial;
  return { state: "failed", candidate: trial.candidate, seconds: trial.seconds, error };
}

/** Translated by the workflow, which knows the run. */
export class AllTrialsFailed extends Error {
  readonly failures: readonly string[];
  constructor(trials: readonly TrialResult[]) {
    const failures = trials.map(
      (trial) => `${trial.candidate.trainer.id}: ${trial.state === "failed" ? trial.error : trial.state}`,
    );
    super(`Every trainer failed. ${failures.join("; ")}`);
    this.failures = failures;
  }
}
