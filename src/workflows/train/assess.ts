import { summariseFolds } from "../../capabilities/evaluation/intervals/cross-validation.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import { computeMetric } from "../../foundation/contracts/metric.js";
import type { Split } from "../../foundation/contracts/split.js";
import { type Target, takeTarget } from "../../foundation/contracts/target.js";
import type { Learned } from "../learn/learn.js";
import { predictor } from "../learn/model.js";
import { poolPredictions } from "../learn/pool-predictions.js";
import { wholeTarget } from "./divide.js";
import { decisionThreshold, evaluateOpened, type Judgement, type OpenedRows } from "./evaluate-opened.js";
import { columnImportance } from "./importance.js";
import { type GatheredMaterial, gatherMaterial } from "./inner-folds.js";
import { learnRound } from "./learn-round.js";
import { previousPredictions } from "./previous-model.js";
import type { Facts, Judged, Production } from "./production.js";
import { baselinePredictions, learningCurve } from "./rehearse.js";
import { roundsOf } from "./rounds.js";
import { calibrateCoverage, heldOutPredictions, trustRequest } from "./trust.js";

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
  const gathered = gather(production, facts, target, whole);
  const rounds = roundsOf(production.division);
  const learned = await learnRound(production, gathered.material, { round: rounds - 1, rounds });
  progress.report({ stage: "evaluate", done: 0, total: 1 });
  const curve = await learningCurve(learned.best, gathered.material, production);
  const threshold = decisionThreshold(learned, gathered.material, judgement);
  const openings = await store.datasets.openTest({ split: facts.splitId, run: lease.id, purpose: "train" });
  const opened = folded ?? (await openTest(production, facts, target, learned, gathered));
  const { weights } = prepared;
  // The exported graph answers many questions faster; a model of a fold is never exported.
  const importance = folded
    ? await columnImportance(
        folded.witness,
        predictor(folded.witness.learned.model, production.transforms),
        { target, frame: prepared.features },
        judgement,
      )
    : [];
  const held = heldOutPredictions(learned, gathered);
  const subject = {
    frame: prepared.features,
    target,
    ...(weights ? { weights } : {}),
    threshold,
    learningCurve: curve,
    importance,
    trust: trustRequest(production, held, gathered, opened, target),
  };
  const interval = calibrateCoverage(held);
  return {
    ...facts,
    learned,
    rows: gathered.rows,
    ...(folded ? {} : { unexplained: opened.witness, testPredictions: opened.predictions }),
    evaluation: evaluateOpened(opened, subject, judgement),
    threshold: threshold?.value ?? 0.5,
    ...(interval.kind === "interval" && interval.margin !== null ? { interval } : {}),
    openings,
  };
}

async function judgeFolds(production: Production, facts: Facts, target: Target): Promise<OpenedRows> {
  const { splits } = production.division;
  const parts: Pick<OpenedRows, "rows" | "predictions" | "baseline" | "witness">[] = [];
  /** What each round believed of itself. */
  const inner: number[] = [];
  for (const [round, split] of splits.entries()) {
    const gathered = gather(production, facts, target, split);
    const rounds = roundsOf(production.division);
    const learned = await learnRound(production, gathered.material, { round, rounds });
    inner.push(learned.value);
    const predict = predictor(learned.model, production.transforms);
    parts.push({
      rows: split.test,
      predictions: predict(takeRows(production.prepared.features, split.test)),
      baseline: await baselinePredictions(target, gathered.rows, split.test.length, production),
      witness: { learned, rows: split.test },
    });
  }
  const baselines = parts.map(({ rows, baseline }) => ({ rows, predictions: baseline }));
  return {
    name: "cross-validation",
    ...poolPredictions(parts),
    baseline: poolPredictions(baselines).predictions,
    witness: parts[0]!.witness,
    crossValidation: summariseFolds({
      metric: production.metric.id,
      direction: production.metric.direction,
      values: valuesByRepeat(production, parts, target),
      inner: inner.reduce((sum, value) => sum + value / inner.length, 0),
    }),
  };
}

/** The decisive metric of each fold, by repeat. */
function valuesByRepeat(
  { metric, division }: Production,
  parts: readonly Pick<OpenedRows, "rows" | "predictions">[],
  target: Target,
): number[][] {
  const { config } = division.record;
  const folds = config.kind === "folds" ? config.folds : parts.length;
  const values = parts.map(({ rows, predictions }) =>
    computeMetric(metric, { target: takeTarget(target, rows), predictions }),
  );
  return Array.from({ length: values.length / folds }, (_, repeat) =>
    values.slice(repeat * folds, (repeat + 1) * folds),
  );
}

async function openTest(
  production: Production,
  { name }: Facts,
  target: Target,
  learned: Learned,
  gathered: GatheredMaterial,
): Promise<OpenedRows> {
  const { test } = production.division.whole;
  const previous = await previousPredictions(production, name, test);
  const predict = predictor(learned.model, production.transforms);
  return {
    name: "test",
    rows: test,
    predictions: predict(takeRows(production.prepared.features, test)),
    baseline: await baselinePredictions(target, gathered.rows, test.length, production),
    witness: { learned, rows: test },
    ...(previous ? { previous } : {}),
  };
}

function gather(
  production: Production,
  { inspection }: Facts,
  target: Target,
  split: Split,
): GatheredMaterial {
  return gatherMaterial(production, split, target, (rows) => inspection.clean(rows));
}
