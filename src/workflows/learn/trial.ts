import type { Sha256 } from "../../foundation/base/hash.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import { type Predictions, takeTarget } from "../../foundation/contracts/target.js";
import type { FitDiagnostics } from "../../foundation/contracts/trainer.js";
import type { FitTask } from "../train/fit-messages.js";
import type { FitPool } from "../train/fit-pool.js";
import type { Candidate } from "./candidates.js";
import { heldOutRows, type LearningMaterial } from "./material.js";

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

/** Joins the predictions of the folds into one for all held-out rows, ascending. */
export function joinFolds(material: LearningMaterial, parts: readonly Predictions[]): Predictions {
  const rows = heldOutRows(material);
  const positionOf = new Int32Array(material.frame.rows);
  for (const [position, row] of rows.entries()) positionOf[row] = position;
  const [first] = parts;
  const width = first?.kind === "probabilities" ? first.classes : 1;
  const values = new Float64Array(rows.length * width);
  for (const [fold, { values: part }] of parts.entries()) {
    for (const [i, row] of material.folds[fold]!.heldOut.entries())
      values.set(part.subarray(i * width, (i + 1) * width), positionOf[row]! * width);
  }
  return first?.kind === "probabilities"
    ? { kind: "probabilities", values, classes: width }
    : { kind: "values", values };
}

/** The metric over the given learning rows. */
export function scoreRows(
  metric: Metric,
  predictions: Predictions,
  { target, weights }: LearningMaterial,
  rows: Int32Array,
): number {
  return metric.compute(
    {
      target: takeTarget(target, rows),
      predictions,
      ...(weights ? { weights: Float64Array.from(rows, (row) => weights[row]!) } : {}),
    },
    metric.config.parse({}),
  );
}

/** Larger is better, whatever the metric's direction; what has no value comes last. */
export function merit(metric: Metric, value: number): number {
  if (Number.isNaN(value)) return Number.NEGATIVE_INFINITY;
  return metric.direction === "maximize" ? value : -value;
}

/** Finished trials, best first; the earlier of equals. */
export function ranked(trials: readonly TrialResult[], metric: Metric): FinishedTrial[] {
  return trials
    .filter(isFinished)
    .sort(
      (a, b) => merit(metric, b.value) - merit(metric, a.value) || a.candidate.number - b.candidate.number,
    );
}
