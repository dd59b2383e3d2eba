import type { Sha256 } from "../../foundation/base/hash.js";
import type { Logger } from "../../foundation/base/logger.js";
import type { Metric } from "../../foundation/contracts/metric.js";
import type { FitLimit, PooledFit } from "../fitting/fit-pool.js";
import type { Budget } from "./budget.js";
import type { Candidate } from "./candidates.js";
import type { LearningMaterial } from "./material.js";
import { heldOutRows } from "./material.js";
import { poolPredictions } from "./pool-predictions.js";
import { settledConfig, settles } from "./settle.js";
import { type FailedTrial, type Fitter, fitTask, scoreRows, type TrialResult } from "./trial.js";

/** Says which configurations come next; decides by earlier trials only, never by the time they took. */
export interface Proposer {
  /**
   * In trial order; none: the search is over.
   * @param fits whether the budget has room for such a trial: near its end only cheap families are asked
   */
  next(history: readonly TrialResult[], fits: (candidate: Candidate) => boolean): readonly Candidate[];
  /** Whether a trial is worth finishing, by its folds so far and the trials of earlier generations. */
  goesOn(candidate: Candidate, foldValues: readonly number[], history: readonly TrialResult[]): boolean;
}

export interface SearchTools {
  readonly metric: Metric;
  readonly fitter: Fitter;
  readonly proposer: Proposer;
  readonly budget: Budget;
  readonly logger: Logger;
  readonly signal: AbortSignal;
  /** Told of every trial as it ends, in any order. */
  onTrial(trial: TrialResult): void;
}

/** After so many generations in which nothing fits into what is left of the time, nothing will. */
const MOST_REFUSALS = 20;

/**
 * Tries configurations generation after generation: the trials of one run side by side and know only those of
 * earlier ones, so that the result does not depend on which ends first. A failing trainer does not end the search.
 */
export async function search(
  material: LearningMaterial,
  identity: Sha256,
  tools: SearchTools,
): Promise<TrialResult[]> {
  const history: TrialResult[] = [];
  const refused: Candidate[] = [];
  /** Refused beside the others of their generation: they are asked once more with the next. */
  let waiting: Candidate[] = [];
  let refusals = 0;
  while (refusals < MOST_REFUSALS) {
    tools.signal.throwIfAborted();
    const proposed = tools.proposer.next(history, (candidate) => tools.budget.fits(candidate));
    const asked = [...waiting, ...proposed];
    if (asked.length === 0) break;
    const askedBefore = waiting.length;
    waiting = [];
    const generation: Candidate[] = [];
    for (const [place, candidate] of asked.entries())
      if (tools.budget.admits(candidate)) generation.push(candidate);
      else (place < askedBefore ? refused : waiting).push(candidate);
    refusals = generation.length === 0 ? refusals + 1 : 0;
    history.push(...(await runTrials(generation, material, identity, history, tools)));
    if (tools.budget.isSpent()) return history;
  }
  const ventured = leftOver(history, tools);
  // There has to be a model, even where the time is too short for any.
  const last = history.length + ventured.length === 0 ? byCost(refused).slice(0, 1) : ventured;
  return [...history, ...(await runTrials(last, material, identity, history, tools))];
}

/** What is tried in time that is too short for any trial as it is estimated: the cheapest, as many as run at once. */
function leftOver(history: readonly TrialResult[], { proposer, budget }: SearchTools): Candidate[] {
  if (!budget.ventures) return [];
  return byCost(proposer.next(history, () => true)).filter((candidate) => budget.ventures!(candidate));
}

const byCost = (candidates: readonly Candidate[]): Candidate[] =>
  [...candidates].sort((a, b) => a.estimate.seconds - b.estimate.seconds || a.number - b.number);

/** Side by side, in their order; a trial that the time cut off says nothing. */
export async function runTrials(
  candidates: readonly Candidate[],
  material: LearningMaterial,
  identity: Sha256,
  history: readonly TrialResult[],
  tools: SearchTools,
): Promise<TrialResult[]> {
  const results = await Promise.all(
    candidates.map((candidate) => runTrial(candidate, material, identity, history, tools)),
  );
  return results.filter((result) => result !== undefined);
}

async function runTrial(
  candidate: Candidate,
  material: LearningMaterial,
  identity: Sha256,
  history: readonly TrialResult[],
  tools: SearchTools,
): Promise<TrialResult | undefined> {
  const start: { seconds: number } = { seconds: 0 };
  const signal = AbortSignal.any([tools.signal, tools.budget.signal]);
  try {
    const trial = await fitTrial(candidate, material, identity, history, { ...tools, signal }, start);
    tools.budget.observe(candidate, trial.seconds);
    tools.onTrial(trial);
    return trial;
  } catch (failure) {
    tools.signal.throwIfAborted();
    tools.budget.release(candidate);
    if (tools.budget.signal.aborted) return undefined;
    const error = failure instanceof Error ? failure.message : String(failure);
    tools.logger.log("warn", `The trainer ${candidate.trainer.id} failed.`, { error });
    const failed: FailedTrial = { state: "failed", candidate, error, seconds: start.seconds };
    tools.onTrial(failed);
    return failed;
  }
}

/** The first fold alone where the search may prune, then all others side by side. */
async function fitTrial(
  candidate: Candidate,
  material: LearningMaterial,
  identity: Sha256,
  history: readonly TrialResult[],
  tools: SearchTools,
  spent: { seconds: number },
): Promise<TrialResult> {
  const fitOne = async (asked: Candidate, fold: number, limit?: FitLimit): Promise<PooledFit> => {
    const fitted = await tools.fitter.fit(fitTask(asked, identity, fold), tools.signal, limit);
    spent.seconds += fitted.outcome.seconds;
    return fitted;
  };
  const fitFolds = (
    asked: Candidate,
    wanted: readonly number[],
    toCome = wanted.length,
  ): Promise<PooledFit[]> => {
    const limit = sharedLimit(tools.budget, toCome);
    return Promise.all(wanted.map((fold) => fitOne(asked, fold, limit)));
  };
  const scoreOf = ({ outcome }: PooledFit, fold: number): number =>
    scoreRows(tools.metric, outcome.heldOut!, material, material.folds[fold]!.heldOut);
  const all = material.folds.map((_, fold) => fold);
  const first =
    candidate.origin === "search" && all.length > 1 ? await fitFolds(candidate, [0], all.length) : [];
  if (first.length > 0) {
    const foldValues = first.map(scoreOf);
    if (!tools.proposer.goesOn(candidate, foldValues, history))
      return { state: "pruned", candidate, foldValues, seconds: spent.seconds };
  }
  const others = await fitFolds(candidate, all.slice(first.length));
  const fits = await settle(candidate, material, [...first, ...others], (asked) => fitFolds(asked, all));
  const { predictions: heldOut } = poolPredictions(
    fits.map(({ outcome }, fold) => ({ rows: material.folds[fold]!.heldOut, predictions: outcome.heldOut! })),
  );
  return {
    state: "done",
    candidate,
    heldOut,
    value: scoreRows(tools.metric, heldOut, material, heldOutRows(material)),
    foldValues: fits.map(scoreOf),
    fits: fits.map(({ hash, outcome: { seconds, diagnostics } }) => ({ hash, seconds, diagnostics })),
    seconds: spent.seconds,
  };
}

/** The same for so many fits of a trial: what one leaves of its time is for those that start later. */
function sharedLimit({ limit }: Budget, fits: number): FitLimit | undefined {
  let toCome = fits;
  // A fit whose process died starts again.
  return limit && (() => limit(Math.max(1, toCome--)));
}

/** The fits of the number of iterations on which the folds agree, with the curves by which they did. */
async function settle(
  candidate: Candidate,
  material: LearningMaterial,
  fits: readonly PooledFit[],
  fitAgain: (asked: Candidate) => Promise<readonly PooledFit[]>,
): Promise<readonly PooledFit[]> {
  const { folds, frame } = material;
  if (!settles({ rows: frame.rows, folds: folds.length })) return fits;
  const diagnostics = fits.map(({ outcome }) => outcome.diagnostics);
  const config = settledConfig(candidate, folds, diagnostics);
  if (!config) return fits;
  const again = await fitAgain({ ...candidate, config });
  return again.map((fitted, fold) => {
    const { curves } = diagnostics[fold]!;
    const known = { ...fitted.outcome.diagnostics, ...(curves ? { curves } : {}) };
    return { ...fitted, outcome: { ...fitted.outcome, diagnostics: known } };
  });
}
