import { unpack } from "../../foundation/base/packing.js";
import type { Trial } from "../../foundation/contracts/store.js";
import type { FittedModel } from "../fitting/fit-messages.js";
import { type Budget, countedBudget, timedBudget } from "../learn/budget.js";
import { type Learned, type LearningTools, learn } from "../learn/learn.js";
import { type LearningMaterial, packMaterial } from "../learn/material.js";
import type { LearnedModel } from "../learn/model.js";
import { createProposer } from "../learn/proposer.js";
import type { TrialResult } from "../learn/trial.js";
import { judgeGoals, LATENCY_GOAL } from "./goals.js";
import { learningShape } from "./inner-folds.js";
import type { Production } from "./production.js";
import { exportedLatency } from "./publish.js";

/** Which repetition of the whole procedure: the outer folds first, the model that is kept last. */
export interface Round {
  readonly round: number;
  readonly rounds: number;
}

/** Runs the whole learning procedure once. Only the last round's trials are the run's own. */
export async function learnRound(
  production: Production,
  material: LearningMaterial,
  { round, rounds }: Round,
): Promise<Learned> {
  const { project, store, agenda, situation, metric, transforms, fitter, extensions } = production;
  const { context, lease, course } = production;
  const { clock, logger, signal, threads } = context;
  const { bytes, hash } = packMaterial(material);
  await store.blobs.put(bytes);
  const isLast = round === rounds - 1;
  const show = trialProgress(production, { round, rounds });
  const written: Promise<void>[] = [];
  const tools: LearningTools = {
    project,
    transforms,
    metric,
    fitter,
    trainers: extensions.trainers,
    situation,
    budget: budgetOf(production, { round, rounds }),
    proposer: createProposer(agenda, {
      ...{ project, metric, situation, extensions },
      folds: material.folds.length,
    }),
    work: { clock, logger, signal, threads },
    ...(LATENCY_GOAL in project.task.goals
      ? { isQuick: (model: LearnedModel) => meetsLatency(model, production, material) }
      : {}),
    ...(isLast && production.unfaithful ? { unfaithful: production.unfaithful } : {}),
    save: (blob) => store.blobs.put(blob),
    load: async (output) => unpack<FittedModel>(await store.blobs.get(output)),
    onTrial(trial) {
      show(trial);
      if (!isLast) return;
      written.push(lease.addTrials([trialRecord(trial)]));
      course.trial(
        {
          trial: trial.candidate.number,
          trainer: trial.candidate.trainer.id,
          value: trial.state === "done" ? trial.value : null,
          seconds: trial.seconds,
        },
        metric.id,
      );
    },
  };
  try {
    const learned = await learn(material, hash, tools);
    await Promise.all(written);
    if (isLast) await lease.addTrials(learned.trials.map((trial) => trialRecord(trial, learned)));
    return learned;
  } finally {
    tools.budget.end();
    await Promise.allSettled(written);
  }
}

/** Whether the model, exported as it is, meets the goal on its time; what it costs to ask is a second or two. */
async function meetsLatency(
  model: LearnedModel,
  { project, prepared, transforms }: Production,
  { frame }: LearningMaterial,
): Promise<boolean> {
  const latency = await exportedLatency(model, {
    ...{ name: "candidate", version: 1, task: prepared.target.task, target: prepared.target.column },
    ...{ classes: prepared.target.classes, threshold: 0.5, schema: prepared.schema, frame, transforms },
    train: Int32Array.from({ length: frame.rows }, (_, row) => row),
    ...{ metrics: {}, lineage: {}, language: project.report.language, backgroundRows: 0 },
  });
  const goals = judgeGoals(project, { [LATENCY_GOAL]: latency });
  return goals.find(({ name }) => name === LATENCY_GOAL)?.met ?? true;
}

/** Of a timed training, the outer folds together get so much; the model that is kept gets the rest. */
const OUTER_SHARE = 0.45;
/** A timed training aims at so much of its time, to end within a tenth of it either way. */
const AIM = 0.98;
/** The first models get so much of it, however long the data took to read. */
const LEAST_SHARE = 0.15;
/** What combining, judging and exporting take: longer searches make larger ensembles, up to the limit of their size. */
const FINISHING_SECONDS = 2;
const FINISHING_SHARE = 0.04;
const LONG_SECONDS = 200;
/** Members have trees for each class, which are refitted, composed and exported; of many classes the data allow fewer. */
const FINISHING_SECONDS_PER_CLASS = 0.3;
const MOST_CLASSES = 10;
/** What of it grows with the data: rows are compared by all their columns, classes are calibrated and judged one by one. */
const FINISHING_SECONDS_PER_CELL = 5e-7;
const FINISHING_SECONDS_PER_SCORE = 1.5e-6;
/** Every figure is drawn again a thousand times from the rows that test, and these are searched for weak slices. */
const FINISHING_SECONDS_PER_JUDGED_ROW = 5e-5;

function budgetOf(production: Production, { round, rounds }: Round): Budget {
  const { agenda, context, progress, fitter } = production;
  if (agenda.seconds === undefined) return countedBudget();
  const outer = rounds - 1;
  const isLast = round === outer;
  const end = isLast ? agenda.seconds * AIM : (agenda.seconds * OUTER_SHARE * (round + 1)) / outer;
  return timedBudget(context.clock, {
    deadlineMs: context.clock.elapsed() + 1000 * (end - progress.seconds),
    finishingMs: isLast ? 1000 * finishingSeconds(production, agenda.seconds) : 0,
    leastMs: (1000 * LEAST_SHARE * agenda.seconds) / rounds,
    slots: fitter.slots,
  });
}

function finishingSeconds({ prepared, division }: Production, seconds: number): number {
  const { columns, outputs } = learningShape(prepared.features, prepared.target);
  const { train, validation, test } = division.whole;
  const rows = train.length + validation.length + test.length;
  const ofData = rows * (columns * FINISHING_SECONDS_PER_CELL + outputs * FINISHING_SECONDS_PER_SCORE);
  const ofJudging = FINISHING_SECONDS_PER_JUDGED_ROW * test.length;
  const ofModels = FINISHING_SECONDS_PER_CLASS * Math.min(MOST_CLASSES, outputs);
  return (
    FINISHING_SECONDS + ofModels + FINISHING_SHARE * Math.min(LONG_SECONDS, seconds) + ofData + ofJudging
  );
}

/** Tells of every trial as it ends: how many of how many, the best value so far, and how long it may take yet. */
function trialProgress(
  { progress, agenda, metric }: Production,
  { round, rounds }: Round,
): (trial: TrialResult) => void {
  const total = agenda.trials ?? agenda.candidates.length;
  const planned = agenda.candidates.reduce((sum, { estimate }) => sum + estimate.seconds, 0);
  const start = progress.seconds;
  let done = 0;
  let best: number | undefined;
  return (trial) => {
    done++;
    if (trial.state === "done" && Number.isFinite(trial.value)) {
      const better = metric.direction === "maximize" ? Math.max : Math.min;
      best = best === undefined ? trial.value : better(best, trial.value);
    }
    const perTrial = (progress.seconds - start) / done;
    const perRound = Math.max(0, total - done) * perTrial;
    const left =
      agenda.seconds === undefined
        ? perRound + (rounds - round - 1) * Math.max(total * perTrial, planned / 8)
        : agenda.seconds - progress.seconds;
    progress.report({
      stage: "train",
      detail:
        rounds > 1
          ? `${trial.candidate.trainer.id}, round ${round + 1}/${rounds}`
          : trial.candidate.trainer.id,
      done,
      total: Math.max(total, done),
      ...(best === undefined ? {} : { values: { [metric.id]: best } }),
      etaMs: 1000 * Math.max(0, left),
    });
  };
}

function trialRecord(trial: TrialResult, learned?: Learned): Trial {
  const { candidate, seconds } = trial;
  const common = { number: candidate.number, trainer: candidate.trainer.id, seconds };
  const { config, origin } = candidate;
  if (trial.state === "failed")
    return { ...common, state: "failed", value: null, document: { config, origin, error: trial.error } };
  if (trial.state === "pruned")
    return { ...common, state: "pruned", value: null, document: { config, origin, folds: trial.foldValues } };
  const weight = learned?.shares.find((share) => share.trial === trial)?.weight ?? 0;
  return {
    ...common,
    state: "done",
    value: Number.isFinite(trial.value) ? trial.value : null,
    document: {
      config,
      origin,
      folds: trial.foldValues,
      outputs: trial.fits.map(({ hash }) => hash),
      ...(learned ? { chosen: weight > 0, weight } : {}),
    },
  };
}
