import { hashValue, sha256 } from "../../foundation/base/hash.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { Split } from "../../foundation/contracts/split.js";
import type { Trial } from "../../foundation/contracts/store.js";
import type { Target } from "../../foundation/contracts/target.js";
import { wholeTarget } from "./divide.js";
import {
  columnImportance,
  decisionThreshold,
  type ExaminedRows,
  examine,
  type Judgement,
} from "./examine.js";
import {
  type Learned,
  type LearningMaterial,
  type LearningTools,
  learn,
  predictWith,
  type TrialResult,
} from "./learn.js";
import { poolPredictions } from "./pool.js";
import { previousPredictions } from "./previous-model.js";
import type { Facts, Judged, Production } from "./production.js";
import { baselinePredictions, learningCurve } from "./rehearse.js";

/**
 * Learns, then judges. With one split the test rows are opened after every choice is made. With folds the
 * whole procedure, choices included, is repeated in each fold, so that every row is judged by a model that
 * has not seen it; the model that is kept learns from all rows.
 */
export async function assess(production: Production, facts: Facts): Promise<Judged> {
  const { prepared, store, lease, progress } = production;
  const target = wholeTarget(prepared.target, prepared.frame.rows);
  const { splits, whole } = production.division;
  const judgement: Judgement = { ...production, signal: production.context.signal };
  const folded = splits.length > 1 ? await judgeFolds(production, facts, target) : undefined;
  const tools = learningTools(production, folded ? splits.length : 0, folded ? splits.length + 1 : 1);
  const material = materialOf(production, facts, target, whole);
  const learned = await learn(material, tools);
  await lease.addTrials(learned.trials.map((trial) => trialRecord(trial, learned)));
  progress.report({ stage: "evaluate", done: 0, total: 1 });
  const importance = await columnImportance(learned.model, material, judgement);
  const curve = await learningCurve(learned.best, material, tools);
  const threshold = decisionThreshold(learned.model, material, judgement);
  const openings = await store.datasets.openTest({ split: facts.splitId, run: lease.id, purpose: "train" });
  const opened = folded ?? (await openTest(production, facts, learned, material, tools));
  const { weights } = prepared;
  const subject = {
    frame: prepared.features,
    target,
    ...(weights ? { weights } : {}),
    threshold,
    learningCurve: curve,
    importance,
  };
  return {
    ...facts,
    learned,
    material,
    evaluation: examine(opened, subject, judgement),
    threshold: threshold?.value ?? 0.5,
    openings,
  };
}

async function judgeFolds(production: Production, facts: Facts, target: Target): Promise<ExaminedRows> {
  const parts: {
    rows: Int32Array;
    predictions: ExaminedRows["predictions"];
    baseline: ExaminedRows["baseline"];
  }[] = [];
  const { splits } = production.division;
  for (const [fold, split] of splits.entries()) {
    const tools = learningTools(production, fold, splits.length + 1);
    const material = materialOf(production, facts, target, split);
    const { model } = await learn(material, tools);
    parts.push({
      rows: split.test,
      predictions: predictWith(model, takeRows(material.frame, split.test), production.transforms),
      baseline: await baselinePredictions(target, material.train, split.test.length, tools),
    });
  }
  const baselines = parts.map(({ rows, baseline }) => ({ rows, predictions: baseline }));
  return {
    name: "cross-validation",
    ...poolPredictions(parts),
    baseline: poolPredictions(baselines).predictions,
  };
}

async function openTest(
  production: Production,
  { name }: Facts,
  { model }: Learned,
  material: LearningMaterial,
  tools: LearningTools,
): Promise<ExaminedRows> {
  const { test } = production.division.whole;
  const rows = takeRows(material.frame, test);
  const previous = await previousPredictions(production, name, test);
  return {
    name: "test",
    rows: test,
    predictions: predictWith(model, rows, production.transforms),
    baseline: await baselinePredictions(material.target, material.train, test.length, tools),
    ...(previous ? { previous } : {}),
  };
}

function materialOf(
  { prepared }: Production,
  { dataset, inspection }: Facts,
  target: Target,
  split: Split,
): LearningMaterial {
  const train = inspection.clean(split.train);
  const { features, weights, schema } = prepared;
  const identity = hashValue({
    dataset: dataset.id,
    schema: schema.filter((column) => features.columns.has(column.name)),
    target: { column: prepared.target.column, task: target.task, classes: prepared.target.classes },
    weight: prepared.roles.weight,
    train: sha256(bytesOf(train)),
    validation: sha256(bytesOf(split.validation)),
  });
  return {
    frame: features,
    target,
    ...(weights ? { weights } : {}),
    train,
    validation: split.validation,
    identity,
  };
}

const bytesOf = (rows: Int32Array): Uint8Array =>
  new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength);

/** `round` of `rounds` repetitions of all trials, for the progress view. */
function learningTools(production: Production, round: number, rounds: number): LearningTools {
  const { project, transforms, metric, steps, progress, context, trials } = production;
  const { clock, logger, signal, threads } = context;
  const planned = trials.trials.map((trial) => trial.estimate.seconds);
  const restOf = (position: number): number =>
    planned.slice(position).reduce((sum, seconds) => sum + seconds, 0) +
    (rounds - round - 1) * planned.reduce((sum, seconds) => sum + seconds, 0);
  return {
    project,
    transforms,
    metric,
    trials: trials.trials,
    steps,
    work: { clock, logger, signal, threads },
    report(trainer, position, event) {
      const done = event.total > 0 ? event.done / event.total : 0;
      const etaMs = 1000 * (restOf(position) - done * planned[position]!);
      progress.report({
        stage: "train",
        detail: trainer,
        done: event.done,
        total: event.total,
        ...(event.values ? { values: event.values } : {}),
        etaMs,
      });
    },
  };
}

function trialRecord(trial: TrialResult, learned: Learned): Trial {
  const { plan, seconds } = trial;
  const common = { number: plan.number, trainer: plan.trainer.id, seconds };
  if ("error" in trial)
    return { ...common, state: "failed", value: null, document: { config: plan.config, error: trial.error } };
  const value = Number.isFinite(trial.value) ? trial.value : null;
  return {
    ...common,
    state: "done",
    value,
    document: { config: plan.config, chosen: trial === learned.best, output: trial.hash },
  };
}
