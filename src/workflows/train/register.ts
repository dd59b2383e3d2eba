import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { takePredictions } from "../../capabilities/ensembles/predictions.js";
import { trainingReport } from "../../capabilities/evaluation/report/training-report.js";
import { explainWorst } from "../../capabilities/evaluation/saliency/explain-worst.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { hashValue } from "../../foundation/base/hash.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import type { BundleMetrics } from "../../foundation/contracts/bundle.js";
import type { Evaluation } from "../../foundation/contracts/evaluation.js";
import { selectColumns } from "../../foundation/contracts/frame.js";
import { trainingPart } from "../../foundation/contracts/project.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import type { Model } from "../../foundation/contracts/store.js";
import { SIZE_GOAL } from "../learn/assemble.js";
import type { Learned } from "../learn/learn.js";
import { columnsRead, trainerName } from "../learn/model.js";
import { metricLineage } from "../project/metrics.js";
import { openActivations } from "./activations.js";
import { addModel } from "./add-model.js";
import { wholeTarget } from "./divide.js";
import { judgeGoals, LATENCY_GOAL } from "./goals.js";
import { columnImportance, columnShares, type Witness } from "./importance.js";
import { leaderboard } from "./leaderboard.js";
import { reserveVersion } from "./model-version.js";
import { copyOut, reportPath } from "./outputs.js";
import type { Judged, Production } from "./production.js";
import { type ExportedModel, type ExportRequest, exportBundle } from "./publish.js";
import { reportInput } from "./report-input.js";

/** More held-out rows would say the same: every path of every tree that matters is met by then. */
const PARITY_ROWS = 5_000;

export interface Registered {
  readonly model: Model;
  readonly exported: ExportedModel;
  readonly goals: TrainResult["goals"];
}

/** Exports, passes the parity gate, registers, writes the report; only then is the training done. */
export async function registerModel(production: Production, unregistered: Judged): Promise<TrainResult> {
  const { progress, store, project, request } = production;
  progress.report({ stage: "export", done: 0, total: 1 });
  const folder = makePrivateFolder(tmpdir(), "export");
  try {
    const version = await reserveVersion(production, unregistered.name);
    const exported = await exportJudged(production, unregistered, version, folder);
    const judged = withAnswers(unregistered, exported);
    const measured: Record<string, number> = {
      [SIZE_GOAL]: exported.bytes / 1e6,
      ...(exported.latencyP99Ms === undefined ? {} : { [LATENCY_GOAL]: exported.latencyP99Ms }),
    };
    const goals = judgeGoals(project, { ...figuresOf(judged.evaluation), ...measured });
    const { name, evaluation, learned } = judged;
    const model = await addModel(production, {
      ...{ name, version, evaluation },
      task: production.prepared.target.task,
      target: production.prepared.target.column,
      trainer: trainerName(learned.model),
      columnImportance: columnShares(learned),
      dataset: judged.dataset.id,
      split: judged.splitId,
      fits: fitsOf(learned),
      folder: exported.path,
    });
    const registered = { model, exported, goals };
    progress.report({ stage: "report", done: 0, total: 1 });
    const html = trainingReport(reportInput(production, judged, registered), project.report.language);
    const report = reportPath(request.store, judged.name, version);
    writeFileAtomic(report, html);
    const reference = `${judged.name}@${version}`;
    const bundle = await store.models.folder(reference);
    if (request.out !== undefined) copyOut(request.out, bundle, html);
    return trainResult(production, judged, registered, { bundle, report });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the exported model said of itself belongs to the evaluation. */
function withAnswers(judged: Judged, { answered }: ExportedModel): Judged {
  return answered ? { ...judged, evaluation: { ...judged.evaluation, ...answered } } : judged;
}

function exportJudged(
  production: Production,
  judged: Judged,
  version: number,
  folder: string,
): Promise<ExportedModel> {
  const { learned, rows, evaluation, unexplained, testPredictions } = judged;
  const { prepared, project, transforms, division } = production;
  const { test } = division.whole;
  const heldOut = (test.length > 0 ? test : rows).subarray(0, PARITY_ROWS);
  const id = prepared.roles.id ?? prepared.schema.find((column) => column.kind === "id")?.name;
  return exportBundle(
    learned.model,
    {
      name: judged.name,
      version,
      task: prepared.target.task,
      target: prepared.target.column,
      ...(id === undefined ? {} : { id }),
      classes: prepared.target.classes,
      threshold: judged.threshold,
      ...(judged.interval ? { interval: judged.interval } : {}),
      schema: prepared.schema,
      frame: prepared.features,
      train: rows,
      heldOut,
      ...(testPredictions ? { expected: takePredictions(testPredictions, Array.from(heldOut.keys())) } : {}),
      metrics: bundleMetrics(evaluation),
      // Content only: a run's id would make equal trainings write different bytes.
      lineage: {
        dataset: judged.dataset.id,
        split: judged.splitId,
        config: hashValue(trainingPart(project)),
        trials: hashValue(fitsOf(learned)),
        ...metricLineage(evaluation.metric, project),
      },
      language: project.report.language,
      transforms,
      backgroundRows: project.explanation.backgroundRows,
      measuresLatency: LATENCY_GOAL in project.task.goals,
      work: production.context,
      ...teachingTime(production),
      ...(unexplained ? { ask: questionsTo(production, judged, unexplained) } : {}),
    },
    folder,
  );
}

/** Share of the time that a timed training has left for teaching what explains its model. */
const TEACHING_SHARE = 0.3;

function teachingTime(production: Production): Pick<ExportRequest, "goesOn"> {
  const left = secondsLeft(production);
  const end = left && (1 - TEACHING_SHARE) * left();
  return left && end !== undefined ? { goesOn: () => left() > Math.max(end, 0) } : {};
}

/** How the exported model is asked which columns it relies on, and what its worst errors hang on. */
function questionsTo(
  production: Production,
  { learned, evaluation }: Judged,
  witness: Witness,
): NonNullable<ExportRequest["ask"]> {
  const { prepared, context } = production;
  const { signal } = context;
  const left = secondsLeft(production);
  const table = { target: wholeTarget(prepared.target, prepared.frame.rows), frame: prepared.features };
  return async ({ predict, graph, manifest }) => {
    const importance = await columnImportance(witness, predict, table, { ...production, signal }, left);
    const activations = await openActivations(graph, manifest, context.threads);
    try {
      const worst = await explainWorst(evaluation.worst, {
        classes: prepared.target.classes,
        features: selectColumns(prepared.features, columnsRead(learned.model)),
        predict,
        ...(activations ? { activations: activations.ask } : {}),
        ...(left ? { goesOn: () => left() > 0 } : {}),
        signal,
      });
      return { importance, worst };
    } finally {
      await activations?.close();
    }
  };
}

/** A timed training asks its model what it can until then; the report is still to be written. */
const LATEST_QUESTION = 1.01;

function secondsLeft({ agenda: { seconds }, progress }: Production): (() => number) | undefined {
  return seconds === undefined ? undefined : () => seconds * LATEST_QUESTION - progress.seconds;
}

function bundleMetrics(evaluation: Evaluation): BundleMetrics {
  return { [evaluation.split]: { ...figuresOf(evaluation), rows: evaluation.rows } };
}

export function figuresOf(evaluation: Evaluation): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(evaluation.metrics).map(([name, estimate]) => [name, estimate.value]),
  );
}

/** The stored fits behind the members of the model. */
function fitsOf({ shares, inputs }: Learned): string[] {
  const trials = new Set([...shares, ...inputs].map(({ trial }) => trial));
  return [...trials].flatMap(({ fits }) => fits.map(({ hash }) => hash));
}

function trainResult(
  production: Production,
  judged: Judged,
  registered: Registered,
  paths: { bundle: string; report: string },
): TrainResult {
  const { lease, steps, progress, prepared } = production;
  const { evaluation, learned, inspection } = judged;
  const headline = evaluation.metrics[evaluation.metric]!;
  return {
    run: lease.id,
    model: judged.name,
    version: registered.model.version,
    task: prepared.target.task,
    metric: {
      name: evaluation.metric,
      value: headline.value,
      low: headline.low,
      high: headline.high,
      split: evaluation.split,
      rows: evaluation.rows,
    },
    metrics: figuresOf(evaluation),
    baseline: evaluation.baseline,
    leaderboard: leaderboard(learned, production.metric.direction),
    ensemble: {
      value: Number.isFinite(learned.value) ? learned.value : null,
      members: learned.model.members.length,
      ...(learned.distilledFrom === undefined ? {} : { distilledFrom: learned.distilledFrom }),
    },
    findings: [...inspection.findings],
    parity: { rows: registered.exported.parity.rows, maxAbsDiff: registered.exported.parity.maxAbsDiff },
    goals: registered.goals,
    ...paths,
    seconds: progress.seconds,
    cached: { steps: steps.steps, hits: steps.hits },
  };
}
