import { oriented } from "../../capabilities/ensembles/problem.js";
import type { Sha256 } from "../../foundation/base/hash.js";
import { computeMetric, type Metric } from "../../foundation/contracts/metric.js";
import { type Predictions, takeTarget, takeWeights } from "../../foundation/contracts/target.js";
import type { FitDiagnostics } from "../../foundation/contracts/trainer.js";
import type { FitTask } from "../fitting/fit-messages.js";
import type { FitPool } from "../fitting/fit-pool.js";
import type { Candidate } from "./candidates.js";
import type { LearningMaterial } from "./material.js";

/** A fit whose state stays in the store: hundreds of them would not fit in memory. */
export interface StoredFit {
  /** Of the packed outcome. */
  readonly hash: Sha256;
  readonly seconds: number;
  readonly diagnostics: FitDiagnostics;
}

interface TrialOf<State extends string> {
  readonly state: State;
  readonly candidate: Candidate;
  /** Sum over its fits. */
  readonly seconds: number;
}

export interface FinishedTrial extends TrialOf<"done"> {
  readonly fits: readonly StoredFit[];
  /** Of `heldOutRows(material)`, each row predicted by a model that has not seen it. */
  readonly heldOut: Predictions;
  /** Of the decisive metric over all held-out rows, and by fold. */
  readonly value: number;
  readonly foldValues: readonly number[];
}
export interface PrunedTrial extends TrialOf<"pruned"> {
  readonly foldValues: readonly number[];
}
export interface FailedTrial extends TrialOf<"failed"> {
  readonly error: string;
}
export type TrialResult = FinishedTrial | PrunedTrial | FailedTrial;

export const isFinished = (trial: TrialResult): trial is FinishedTrial => trial.state === "done";

/** Fits models, here or in other processes; each fit is done once and kept. */
export type Fitter = Pick<FitPool, "slots" | "fit">;

export function fitTask(
  { trainer, config, supplement }: Candidate,
  material: Sha256,
  fold: FitTask["fold"],
): FitTask {
  return { trainer: trainer.id, config, material, fold, ...(supplement ? { supplement } : {}) };
}

/** The metric over the given learning rows. */
export function scoreRows(
  metric: Metric,
  predictions: Predictions,
  { target, weights }: LearningMaterial,
  rows: Int32Array,
): number {
  return computeMetric(metric, {
    target: takeTarget(target, rows),
    predictions,
    ...takeWeights(weights, rows),
  });
}

/** Finished trials, best first; the earlier of equals. */
export function ranked(trials: readonly TrialResult[], metric: Metric): FinishedTrial[] {
  return trials
    .filter(isFinished)
    .sort(
      (a, b) =>
        oriented(metric, b.value) - oriented(metric, a.value) || a.candidate.number - b.candidate.number,
    );
}

/**
 * Without those that say of every row what an earlier one of their family says: settings that make no difference here,
 * such as the coding of categories where there are none.
 */
export function withoutCopies(trials: readonly FinishedTrial[]): FinishedTrial[] {
  const known = new Map<string, FinishedTrial[]>();
  return trials.filter((trial) => {
    const alike = `${trial.candidate.trainer.id} ${trial.value}`;
    const others = known.get(alike) ?? [];
    if (others.some(({ heldOut }) => saysTheSame(heldOut, trial.heldOut))) return false;
    known.set(alike, [...others, trial]);
    return true;
  });
}

const saysTheSame = (a: Predictions, b: Predictions): boolean =>
  a.values.length === b.values.length && a.values.every((value, k) => value === b.values[k]);
