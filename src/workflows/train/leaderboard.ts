import type { TrainResult } from "../../foundation/contracts/run.js";
import type { Learned } from "../learn/learn.js";
import type { TrialResult } from "../learn/trial.js";

type Row = TrainResult["leaderboard"][number];

/** All trials, best first; what has no value comes last. */
export function leaderboard(learned: Learned, direction: "maximize" | "minimize"): Row[] {
  return learned.trials.map((trial) => leaderboardRow(trial, learned)).sort(byRank(direction));
}

export function leaderboardRow(trial: TrialResult, { shares }: Learned): Row {
  const { trainer, number, config } = trial.candidate;
  const weight = shares.find((share) => share.trial === trial)?.weight ?? 0;
  return {
    trainer: trainer.id,
    value: trial.state === "done" && Number.isFinite(trial.value) ? trial.value : null,
    seconds: trial.seconds,
    trial: number,
    config: { ...config },
    weight,
    ...(trial.state === "pruned" ? { pruned: true } : {}),
    ...(trial.state === "failed" ? { error: trial.error } : {}),
  };
}

/** Best first; what has no value comes last. */
function byRank(
  direction: "maximize" | "minimize",
): (a: { value: number | null }, b: { value: number | null }) => number {
  const sign = direction === "maximize" ? -1 : 1;
  const rank = (value: number | null): number => (value === null ? Number.POSITIVE_INFINITY : sign * value);
  return (a, b) => (rank(a.value) === rank(b.value) ? 0 : rank(a.value) - rank(b.value));
}
