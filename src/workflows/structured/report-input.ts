import { canonicalJson } from "../../foundation/base/canonical-json.js";
import { hashValue } from "../../foundation/base/hash.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type { ReportInput } from "../../foundation/contracts/evaluation.js";
import { trainingPart } from "../../foundation/contracts/project.js";
import type { TrainResult } from "../../foundation/contracts/run.js";
import { inChinese, plainRow, planned } from "../train/report-input.js";
import type { JudgedStructure, RegisteredStructure, StructureTrial } from "./judged.js";
import type { StructureProduction } from "./production.js";

const DEFAULT_PORT = 8080;

/** All candidates, the chosen one first. */
export function leaderboard({ trials, best }: JudgedStructure): TrainResult["leaderboard"] {
  const row = (trial: StructureTrial): TrainResult["leaderboard"][number] => ({
    trainer: trial.candidate.trainer.id,
    value: trial.value,
    seconds: trial.seconds,
    trial: trial.candidate.number,
    config: { ...trial.candidate.config },
    weight: trial.candidate === best.candidate ? 1 : 0,
    ...(trial.error === undefined ? {} : { error: trial.error }),
  });
  return trials.map(row).sort((a, b) => b.weight - a.weight);
}

/** Everything the report shows, gathered from what the training knows. */
export function structureReportInput(
  production: StructureProduction,
  judged: JudgedStructure,
  { model, exported, goals }: RegisteredStructure,
): ReportInput {
  const { prepared, project, progress, context, lease, data, division } = production;
  const { evaluation, best, findings, name } = judged;
  const { train, validation } = division.whole;
  const { diagnostics } = best.model;
  return {
    name,
    version: model.version,
    createdAt: context.clock.now(),
    run: lease.id,
    task: prepared.definition.task,
    target: prepared.column,
    evaluation,
    goals,
    data: {
      source: data.description,
      rows: prepared.frame.rows,
      columns: reportColumns(production, judged),
      split: {
        kind: division.record.config.kind,
        train: train.length,
        validation: validation.length,
        test: evaluation.rows,
      },
      classRows: [],
    },
    findings: project.report.language === "zh" ? findings.map(inChinese) : findings,
    leaderboard: leaderboard(judged).map(({ weight, pruned: _, ...row }) => ({ ...row, chosen: weight > 0 })),
    model: {
      trainer: best.candidate.trainer.id,
      config: best.candidate.config,
      calibration: "none",
      features: best.model.pipeline.features.length,
      size: diagnostics.size ?? {},
      notes: diagnostics.notes ?? [],
      importance: [],
      curves: diagnostics.curves ?? {},
      bestIteration: diagnostics.bestIteration ?? null,
    },
    parity: { rows: exported.parity.rows, maxAbsDiff: exported.parity.maxAbsDiff },
    plan: planned(division, {
      language: project.report.language,
      isRegression: false,
      seconds: progress.seconds,
    }),
    steps: judged.trials.map(({ candidate, seconds }) => ({
      name: `${candidate.trainer.id} ${candidate.number}`,
      seconds,
      cached: false,
    })),
    reproducibility: {
      seed: project.seed,
      dataset: judged.dataset.id,
      split: judged.splitId,
      config: hashValue(trainingPart(project)),
      bundle: model.bundle,
      versions: { quern: QUERN_VERSION, node: process.versions.node },
      threads: context.threads,
      project: JSON.stringify(JSON.parse(canonicalJson(project)), null, 2),
      testOpenings: judged.openings.map(({ run, openedAt }) => ({ run, openedAt })),
    },
    usage: { model: `${name}@${model.version}`, example: plainRow(exported.example), port: DEFAULT_PORT },
  };
}

function reportColumns(
  { prepared }: StructureProduction,
  { profile }: JudgedStructure,
): ReportInput["data"]["columns"] {
  const roles = new Map(Object.entries(prepared.roles).map(([role, column]) => [column as string, role]));
  const roleOf = (name: string, kind: string): string => {
    if (prepared.truthColumns.includes(name)) return "target";
    return roles.get(name) ?? (prepared.inputs.columns.has(name) ? "feature" : kind);
  };
  return profile.columns.map(({ name, kind, missingShare, unique }) => ({
    name,
    kind,
    missing: missingShare,
    unique,
    role: roleOf(name, kind),
  }));
}
