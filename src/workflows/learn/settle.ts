import type { FitDiagnostics } from "../../foundation/contracts/trainer.js";
import type { Configured } from "./candidates.js";
import type { Fold } from "./material.js";

/** The held-out rows of larger folds choose as well as all do, and a second fit costs more than it tells. */
const MOST_ROWS = 10_000;

/**
 * Whether folds have to agree on a number of iterations. A fold that stops where its own held-out rows like it best
 * flatters the trial on just those rows: on few of them by more than families differ, so that boosting would win
 * against forests, kernels and linear models by that alone.
 */
export function settles({ rows, folds }: { readonly rows: number; readonly folds: number }): boolean {
  return folds > 1 && rows <= MOST_ROWS;
}

/**
 * The configuration that trains for the number of iterations at which the mean validation loss of all held-out rows
 * is least, each fold's curve going on with its last value; undefined where the trial did not stop early.
 */
export function settledConfig(
  { trainer, config }: Configured,
  folds: readonly Fold[],
  diagnostics: readonly FitDiagnostics[],
): Configured["config"] | undefined {
  const curves = diagnostics.map(({ curves }) => curves?.validationLoss ?? []);
  if (!trainer.settle || curves.some((curve) => curve.length === 0)) return undefined;
  const rows = folds.map(({ heldOut }) => heldOut.length);
  const longest = Math.max(...curves.map((curve) => curve.length));
  let best = 0;
  let least = Number.POSITIVE_INFINITY;
  for (let k = 0; k < longest; k++) {
    const sum = curves.reduce((all, curve, fold) => all + rows[fold]! * (curve[k] ?? curve.at(-1)!), 0);
    if (sum < least) [best, least] = [k, sum];
  }
  return trainer.settle(config, best + 1);
}
