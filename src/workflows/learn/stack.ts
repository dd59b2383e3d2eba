import {
  describeMember,
  type StackMember,
  stackFeatures,
} from "../../capabilities/ensembles/stack-features.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { Target } from "../../foundation/contracts/target.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import { type Candidate, type Configured, estimateAll, type Situation } from "./candidates.js";
import type { LearningMaterial } from "./material.js";
import { runTrials, type SearchTools } from "./search.js";
import { packStack } from "./supplement.js";
import { type FinishedTrial, ranked, type TrialResult, withoutCopies } from "./trial.js";

/** A second layer: smooth learners that see what trials of the first say, and nothing else. */
export interface StackLayer {
  readonly inputs: readonly StackInput[];
  /** Those that ended, whether they are of use or not. */
  readonly trials: readonly TrialResult[];
}

/** One trial of the first layer as columns of the second. */
export interface StackInput {
  readonly trial: FinishedTrial;
  readonly description: StackMember;
}

export interface StackTools extends SearchTools {
  readonly project: Project;
  readonly trainers: readonly Trainer[];
  readonly situation: Situation;
  /** Keeps a blob. */
  save(bytes: Uint8Array): Promise<Sha256>;
}

/** With fewer rows the folds cannot tell whether a layer helps; with more it has never paid for its time. */
const ROWS = { least: 500, most: 20_000 };
/** Each family's strongest, the strongest of all families: what more would say is said already. */
const MOST_OF_FAMILY = 2;
const MOST_INPUTS = 8;
/** What a later layer may take of what the search took, by estimates: the same on every machine. */
export const STACK_SHARE = 0.25;

/**
 * Learners of the second layer, in order; only the smooth ones among them may learn from predictions. They see no
 * features beside: from features and the out-of-fold predictions of a smooth model together a linear model can
 * work out in which direction the row's own label, and the labels of the fold that judges it, moved that model.
 * It then looks far better on the folds than it is (credit-g: AUC .877 on held-out rows, .840 on new ones, where
 * the first layer has .790 and .855), and no guard that stands on the same folds can see it.
 */
const LEARNERS = ["logistic-regression", "ridge", "quadratic-ridge", "kernel-ridge", "neural-network"];

/** Whether a training with so many learning rows and folds has a second layer. */
export function stacks({ ensemble, models }: Project, rows: number, folds: number): boolean {
  if (ensemble.kind === "none" || ensemble.stacking === "none" || models !== "auto") return false;
  return folds > 1 && rows >= ROWS.least && rows <= ROWS.most;
}

/** Fits the second layer on the folds of the first; undefined where there is nothing to stack. */
export async function stackTrials(
  trials: readonly TrialResult[],
  material: LearningMaterial,
  identity: Sha256,
  tools: StackTools,
): Promise<StackLayer | undefined> {
  const inputs = stackInputs(trials, material.target, tools.metric);
  if (inputs.length < 2) return undefined;
  const frame = stackFeatures(
    inputs.map(({ description }) => description),
    inputs.map(({ trial }) => trial.heldOut),
  );
  const candidates = await stackCandidates(trials, frame, tools);
  const admitted = candidates.filter((candidate) => tools.budget.admits(candidate));
  return { inputs, trials: await runTrials(admitted, material, identity, trials, tools) };
}

/** The trials whose predictions the second layer sees, strongest first. */
export function stackInputs(
  trials: readonly TrialResult[],
  target: Target,
  metric: Metric,
): readonly StackInput[] {
  const classes = target.task === "regression" ? [] : target.classes;
  const taken = new Map<string, number>();
  const inputs: StackInput[] = [];
  for (const trial of withoutCopies(ranked(trials, metric))) {
    const { trainer, number } = trial.candidate;
    const count = taken.get(trainer.id) ?? 0;
    if (count >= MOST_OF_FAMILY || inputs.length >= MOST_INPUTS || !isDefined(trial)) continue;
    taken.set(trainer.id, count + 1);
    inputs.push({ trial, description: describeMember(`stack ${number}`, trial.heldOut, classes) });
  }
  return inputs;
}

const isDefined = ({ value }: FinishedTrial): boolean => !Number.isNaN(value);

async function stackCandidates(
  trials: readonly TrialResult[],
  stack: Frame,
  { trainers, situation, metric, save }: StackTools,
): Promise<readonly Candidate[]> {
  const width = stack.columns.size;
  const finished = ranked(trials, metric);
  const configuredAs = (trainer: Trainer): Configured => ({
    trainer,
    config:
      finished.find(({ candidate }) => candidate.trainer.id === trainer.id)?.candidate.config ??
      trainer.config.parse({}),
  });
  const learners = LEARNERS.flatMap((id) =>
    trainers.filter(
      (known) => known.id === id && known.capabilities.smooth && known.tasks.includes(situation.task),
    ),
  );
  const supplement = await save(packStack(stack));
  const specificationOf = (trainer: Trainer) => ({ ...situation.specificationOf(trainer), features: width });
  const start = Math.max(...trials.map(({ candidate }) => candidate.number)) + 1;
  const candidates = learners.map(configuredAs).map((configured, i): Candidate => {
    const estimate = estimateAll(configured, { ...situation, specificationOf });
    return { ...configured, number: start + i, origin: "stack", supplement, estimate };
  });
  return affordable(candidates, trials);
}

/** Those that together take their share of what the trials took, by estimates; what is too dear is passed over. */
function affordable(candidates: readonly Candidate[], trials: readonly TrialResult[]): readonly Candidate[] {
  const secondsOf = ({ estimate }: Candidate): number => estimate.seconds;
  let left = STACK_SHARE * trials.reduce((sum, { candidate }) => sum + secondsOf(candidate), 0);
  return candidates.filter((candidate) => {
    const fits = secondsOf(candidate) <= left;
    if (fits) left -= secondsOf(candidate);
    return fits;
  });
}
