/** Exports, passes the parity gate, registers, writes the report; only then is a structured training done. */
import { rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { trainingReport } from "../../capabilities/evaluation/report/training-report.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { makePrivateFolder } from "../../foundation/base/private-folder.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { SIZE_GOAL } from "../learn/assemble.js";
import { addModel } from "../train/add-model.js";
import { judgeGoals, LATENCY_GOAL } from "../train/goals.js";
import { reserveVersion } from "../train/model-version.js";
import { copyOut, reportPath } from "../train/outputs.js";
import { figuresOf } from "../train/register.js";
import type { JudgedStructure, RegisteredStructure } from "./judged.js";
import type { StructureProduction } from "./production.js";
import { exportStructure } from "./publish.js";
import { leaderboard, structureReportInput } from "./report-input.js";

export async function registerStructure(
  production: StructureProduction,
  judged: JudgedStructure,
): Promise<TrainResult> {
  const { progress, store, project, request } = production;
  progress.report({ stage: "export", done: 0, total: 1 });
  const folder = makePrivateFolder(tmpdir(), "export");
  try {
    const version = await reserveVersion(production, judged.name);
    const exported = await exportStructure(production, judged, version, folder);
    const goals = judgeGoals(project, {
      ...figuresOf(judged.evaluation),
      [SIZE_GOAL]: exported.bytes / 1e6,
      ...(exported.latencyP99Ms === undefined ? {} : { [LATENCY_GOAL]: exported.latencyP99Ms }),
    });
    const { name, evaluation, best } = judged;
    const model = await addModel(production, {
      ...{ name, version, evaluation },
      task: production.prepared.definition.task,
      target: production.prepared.column,
      trainer: best.candidate.trainer.id,
      columnImportance: {},
      dataset: judged.dataset.id,
      split: judged.splitId,
      fits: [best.hash],
      folder: exported.path,
    });
    const registered = { model, exported, goals };
    progress.report({ stage: "report", done: 0, total: 1 });
    const input = structureReportInput(production, judged, registered);
    const html = trainingReport(input, project.report.language);
    const report = reportPath(request.store, judged.name, version);
    writeFileAtomic(report, html);
    const bundle = await store.models.folder(`${judged.name}@${version}`);
    if (request.out !== undefined) copyOut(request.out, bundle, html);
    return trainResult(production, judged, registered, { bundle, report });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function trainResult(
  { lease, steps, progress, prepared, metric }: StructureProduction,
  judged: JudgedStructure,
  { model, exported, goals }: RegisteredStructure,
  paths: { readonly bundle: string; readonly report: string },
): TrainResult {
  const { evaluation, best, findings } = judged;
  const { value, low, high } = evaluation.metrics[metric]!;
  return {
    run: lease.id,
    model: judged.name,
    version: model.version,
    task: prepared.definition.task,
    metric: { name: metric, value, low, high, split: evaluation.split, rows: evaluation.rows },
    metrics: figuresOf(evaluation),
    baseline: evaluation.baseline,
    leaderboard: leaderboard(judged),
    ensemble: { value: best.value, members: 1 },
    findings: [...findings],
    parity: { rows: exported.parity.rows, maxAbsDiff: exported.parity.maxAbsDiff },
    goals,
    ...paths,
    seconds: progress.seconds,
    cached: { steps: steps.steps, hits: steps.hits },
  };
}
