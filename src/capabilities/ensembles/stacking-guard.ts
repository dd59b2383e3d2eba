/**
 * Whether a stacked layer earns its place. Its models learn from out-of-fold predictions of the first layer, which
 * differ from what the first layer will say of new rows; where that difference helps inside the folds, the layer looks
 * good and is not (stacked overfitting).
 */
import { formatPercent } from "../../foundation/base/number-text.js";
import {
  type Combine,
  type CrossFittedEnsemble,
  crossFittedEnsemble,
  type FoldGains,
  pairedFoldGains,
} from "./cross-fit.js";
import type { CombinationProblem, EnsembleCandidate } from "./problem.js";

export interface StackedProblem extends CombinationProblem {
  /** Models that learned from the predictions of `candidates`, on the same folds. */
  readonly stacked: readonly EnsembleCandidate[];
}

export interface StackingOptions {
  readonly combine: Combine;
  /** 1 for each row that has an equal row in another fold; see `rowsWithTwins`. */
  readonly twins?: ArrayLike<number>;
}

export interface StackingDecision {
  readonly keep: boolean;
  /** One line for the report. */
  readonly reason: string;
  readonly firstLayer: CrossFittedEnsemble;
  readonly bothLayers: CrossFittedEnsemble;
  /** Of both layers over the first, on the rows that count. */
  readonly gain: FoldGains;
}

/** With more twins than this the rest of the rows cannot speak for the data. */
const MOST_TWINS = 0.5;

/**
 * Kept only when the ensemble of both layers, chosen without a fold, beats that of the first layer on this fold by
 * more than one standard error over the folds: the simpler model wins a draw.
 * Rows with an equal row in another fold do not count: the first layer has seen their answer, so the stacked layer
 * learns to believe predictions that are better than they will ever be. If they are most of the rows, it is not kept.
 */
export function judgeStackedLayer(
  problem: StackedProblem,
  folds: ArrayLike<number>,
  { combine, twins }: StackingOptions,
): StackingDecision {
  const candidates = [...problem.candidates, ...problem.stacked];
  const firstLayer = crossFittedEnsemble(problem, folds, combine);
  const bothLayers = crossFittedEnsemble({ ...problem, candidates }, folds, combine);
  const gain = pairedFoldGains(
    problem,
    firstLayer.predictions,
    bothLayers.predictions,
    folds,
    (row) => !twins?.[row],
  );
  const twinShare = twins ? Array.from(twins).reduce((sum, twin) => sum + twin, 0) / twins.length : 0;
  const clear = gain.gains.length > 0 && gain.mean > 0 && gain.mean > gain.standardError;
  const keep = clear && twinShare <= MOST_TWINS;
  return { keep, reason: reasonOf(keep, clear, twinShare), firstLayer, bothLayers, gain };
}

function reasonOf(keep: boolean, clear: boolean, twinShare: number): string {
  const twins = `${formatPercent(twinShare, 0)} of the rows have an equal row in another fold`;
  if (clear && !keep) return `The stacked layer is left out: ${twins}, so its gain cannot be believed.`;
  const judged = twinShare > 0 ? ` (${twins}; they were not counted)` : "";
  return keep
    ? `The stacked layer is kept: it is better by more than a standard error over the folds${judged}.`
    : `The stacked layer is left out: it is not clearly better over the folds${judged}.`;
}

/** 1 for each row whose `content` (a number or text that equal rows share) also occurs in another fold. */
export function rowsWithTwins(
  content: ArrayLike<number> | ArrayLike<string>,
  folds: ArrayLike<number>,
): Uint8Array {
  const foldOf = new Map<number | string, number>();
  const crossing = new Set<number | string>();
  for (let row = 0; row < content.length; row++) {
    const known = foldOf.get(content[row]!);
    if (known === undefined) foldOf.set(content[row]!, folds[row]!);
    else if (known !== folds[row]) crossing.add(content[row]!);
  }
  return Uint8Array.from({ length: content.length }, (_, row) => (crossing.has(content[row]!) ? 1 : 0));
}
