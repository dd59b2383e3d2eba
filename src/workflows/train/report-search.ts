import { oriented } from "../../capabilities/ensembles/problem.js";
import { fanovaImportance } from "../../capabilities/tuning/importance/fanova.js";
import { searchSpace } from "../../capabilities/tuning/space/search-space.js";
import { createRandom } from "../../foundation/base/random.js";
import type {
  Importance,
  PlanOutcome,
  ReportEnsemble,
  ReportStudy,
} from "../../foundation/contracts/evaluation.js";
import type { Observation } from "../../foundation/contracts/sampler.js";
import type { Configuration } from "../../foundation/contracts/search-space.js";
import type { Trainer } from "../../foundation/contracts/trainer.js";
import type { Learned } from "../learn/learn.js";
import { type FinishedTrial, isFinished, type TrialResult } from "../learn/trial.js";
import type { Judged, Production } from "./production.js";

/** Fewer trials of a trainer say nothing about its settings. */
const LEAST_TRIALS = 12;

/** What was tried, and what of it mattered. */
export function reportStudy({ metric, project }: Production, { learned }: Judged): ReportStudy {
  return {
    metric: metric.id,
    direction: metric.direction,
    trials: learned.trials.map((trial) => ({
      number: trial.candidate.number,
      trainer: trial.candidate.trainer.id,
      value: isFinished(trial) && Number.isFinite(trial.value) ? trial.value : null,
      seconds: trial.seconds,
      state: trial.state,
      origin: trial.candidate.origin,
      config: trial.candidate.config,
    })),
    importance: parameterImportance(learned, (trial) => -oriented(metric, trial.value), project.seed),
  };
}

function parameterImportance(
  { trials }: Learned,
  lossOf: (trial: FinishedTrial) => number,
  seed: number,
): NonNullable<ReportStudy["importance"]> {
  const byTrainer = new Map<Trainer, FinishedTrial[]>();
  for (const trial of trials.filter(isFinished)) {
    const { trainer } = trial.candidate;
    byTrainer.set(trainer, [...(byTrainer.get(trainer) ?? []), trial]);
  }
  return [...byTrainer].flatMap(([trainer, own]) => {
    const space = searchSpace(trainer.config);
    if (own.length < LEAST_TRIALS || space.length === 0) return [];
    const history = own.map((trial): Observation => {
      const { number, config, estimate } = trial.candidate;
      const configuration = Object.fromEntries(space.map(({ name }) => [name, config[name]]));
      return {
        number,
        configuration: configuration as Configuration,
        state: "complete",
        value: lossOf(trial),
        steps: [],
        seconds: estimate.seconds,
      };
    });
    const random = createRandom(seed).fork(`importance/${trainer.id}`);
    const parameters: Importance[] = Object.entries(fanovaImportance(space, { history }, random))
      .map(([feature, value]) => ({ feature, value }))
      .sort((a, b) => b.value - a.value);
    return [{ trainer: trainer.id, method: "fANOVA", parameters }];
  });
}

/** The members and what each is worth alone. */
export function reportEnsemble(
  { metric, project }: Production,
  { learned }: Judged,
): ReportEnsemble | undefined {
  const { shares, value } = learned;
  if (shares.length < 2) return undefined;
  return {
    method: project.ensemble.kind === "blend" ? "blend" : "greedy",
    metric: metric.id,
    value: Number.isFinite(value) ? value : null,
    members: shares.map(({ trial, weight }) => ({
      name: `${trial.candidate.trainer.id} ${trial.candidate.number}`,
      weight,
      value: Number.isFinite(trial.value) ? trial.value : null,
      layer: trial.candidate.origin === "stack" ? 1 : 0,
      seconds: trial.seconds,
    })),
  };
}

/** Estimates beside what was measured; both are sums over a trial's fits on one thread. */
export function planOutcome({ agenda }: Production, { learned }: Judged): PlanOutcome[] {
  const outcomeOf = (number: number): TrialResult | undefined =>
    learned.trials.find(({ candidate }) => candidate.number === number);
  const tried = agenda.candidates.map(({ number, trainer, estimate }) => {
    const trial = outcomeOf(number);
    return {
      item: `${trainer.id} ${number}`,
      plannedSeconds: estimate.seconds,
      seconds: trial?.seconds ?? null,
      plannedBytes: estimate.bytes,
      bytes: null,
      ...(trial ? {} : { note: "not started: the time was up" }),
    };
  });
  const left = agenda.leftOut.map(({ trainer, reason }) => ({
    item: trainer,
    ...{ plannedSeconds: null, seconds: null, plannedBytes: null, bytes: null },
    note: reason,
  }));
  return [...tried, ...left];
}
