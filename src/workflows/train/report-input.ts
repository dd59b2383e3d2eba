import { chineseMessage } from "../../capabilities/data/findings/chinese-messages.js";
import { chineseReason } from "../../capabilities/data/splits/chinese-reason.js";
import { featureLineage } from "../../capabilities/features/index.js";
import { formatSeconds } from "../../engines/pages/format.js";
import { canonicalJson } from "../../foundation/base/canonical-json.js";
import { hashValue } from "../../foundation/base/hash.js";
import { QUERN_VERSION } from "../../foundation/base/version.js";
import type {
  Importance,
  ReportColumn,
  ReportInput,
  ReportLeaderboardRow,
} from "../../foundation/contracts/evaluation.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import { trainingPart } from "../../foundation/contracts/project.js";
import { leaderboardRow } from "./leaderboard.js";
import type { PreparedData } from "./prepare.js";
import type { Judged, Production } from "./production.js";
import type { Registered } from "./register.js";
import { planOutcome, reportEnsemble, reportStudy } from "./report-search.js";

const DEFAULT_PORT = 8080;

/** Everything the report shows, gathered from what the training knows. */
export function reportInput(production: Production, judged: Judged, registered: Registered): ReportInput {
  const { prepared, project, progress, context, lease, data, division } = production;
  const { evaluation, inspection, learned, dataset, name } = judged;
  const { target } = prepared;
  const ensemble = reportEnsemble(production, judged);
  return {
    name,
    version: registered.model.version,
    createdAt: context.clock.now(),
    run: lease.id,
    task: target.task,
    target: target.column,
    evaluation,
    goals: registered.goals,
    data: {
      source: data.description,
      rows: prepared.frame.rows,
      columns: reportColumns(prepared, inspection.profile),
      split: {
        kind: division.record.config.kind,
        train: division.whole.train.length,
        validation: division.whole.validation.length,
        test: evaluation.rows,
      },
      classRows: classRows(prepared),
    },
    findings: project.report.language === "zh" ? inspection.findings.map(inChinese) : inspection.findings,
    leaderboard: leaderboard(judged),
    model: modelFacts(judged),
    parity: { rows: registered.exported.parity.rows, maxAbsDiff: registered.exported.parity.maxAbsDiff },
    plan: planned(division, {
      language: project.report.language,
      isRegression: target.task === "regression",
      seconds: progress.seconds,
    }),
    planOutcome: planOutcome(production, judged),
    study: reportStudy(production, judged),
    ...(ensemble ? { ensemble } : {}),
    steps: learned.trials.map((trial) => ({
      name: `${trial.candidate.trainer.id} ${trial.candidate.number}`,
      seconds: trial.seconds,
      cached: false,
    })),
    reproducibility: {
      seed: project.seed,
      dataset: dataset.id,
      split: judged.splitId,
      config: hashValue(trainingPart(project)),
      bundle: registered.model.bundle,
      versions: { quern: QUERN_VERSION, node: process.versions.node },
      threads: context.threads,
      project: JSON.stringify(JSON.parse(canonicalJson(project)), null, 2),
      testOpenings: judged.openings.map(({ run, openedAt }) => ({ run, openedAt })),
    },
    usage: {
      model: `${name}@${registered.model.version}`,
      example: plainRow(registered.exported.example),
      port: DEFAULT_PORT,
    },
  };
}

export function inChinese(finding: Finding): Finding {
  const { message, action } = chineseMessage(finding);
  return { ...finding, message, fix: { ...finding.fix, action } };
}

function reportColumns(prepared: PreparedData, profile: Judged["inspection"]["profile"]): ReportColumn[] {
  const roles = new Map(Object.entries(prepared.roles).map(([role, column]) => [column as string, role]));
  return profile.columns.map(({ name, kind, missingShare, unique }) => ({
    name,
    kind,
    missing: missingShare,
    unique,
    role:
      name === prepared.target.column
        ? "target"
        : (roles.get(name) ?? (kind === "ignore" || kind === "id" ? kind : "feature")),
  }));
}

function classRows({ target }: PreparedData): { class: string; rows: number }[] {
  if (target.target.task === "regression") return [];
  const counts = new Int32Array(target.classes.length);
  for (const code of target.target.codes) counts[code]!++;
  return target.classes.map((name, code) => ({ class: name, rows: counts[code]! }));
}

function leaderboard({ learned }: Judged): ReportLeaderboardRow[] {
  return learned.trials.map((trial) => {
    const { weight, pruned: _, ...row } = leaderboardRow(trial, learned);
    return { ...row, chosen: weight > 0 };
  });
}

/** Of the strongest member that learned from features, by the first of its folds. */
function modelFacts({ learned }: Judged): ReportInput["model"] {
  const { shares, inputs, model } = learned;
  const ofFeatures = shares.find(({ trial }) => trial.candidate.origin !== "stack");
  const { candidate, fits } = (ofFeatures ?? inputs[0]!).trial;
  const member = model.members.find(({ trial }) => trial === candidate.number) ?? model.members[0]!;
  const { diagnostics } = fits[0]!;
  const importance: Importance[] = Object.entries(diagnostics.importance ?? {})
    .map(([feature, value]) => ({ feature, value }))
    .sort((a, b) => b.value - a.value);
  return {
    trainer: candidate.trainer.id,
    config: candidate.config,
    calibration: model.calibration.method,
    features: featureLineage(model.pipelines[member.pipeline!]!).size,
    size: diagnostics.size ?? {},
    notes: diagnostics.notes ?? [],
    importance,
    curves: diagnostics.curves ?? {},
    bestIteration: diagnostics.bestIteration ?? null,
  };
}

/** What was decided about the rows before any model learned. */
export function planned(
  division: Pick<Production["division"], "reason" | "record" | "sample">,
  { language, isRegression, seconds }: PlannedFacts,
): ReportInput["plan"] {
  const { config } = division.record;
  const reason = language === "zh" ? chineseReason(config, isRegression, division.sample) : division.reason;
  return [
    { item: "split", planned: reason, actual: config.kind },
    { item: "total", planned: "–", actual: formatSeconds(seconds) },
  ];
}

interface PlannedFacts {
  readonly language: "en" | "zh";
  readonly isRegression: boolean;
  readonly seconds: number;
}

/** The sample row with what a table cell can show. */
export function plainRow(
  row: Readonly<Record<string, unknown>>,
): Record<string, string | number | boolean | null> {
  const plain = (value: unknown): string | number | boolean | null =>
    value === null || ["string", "number", "boolean"].includes(typeof value)
      ? (value as string | number | boolean | null)
      : JSON.stringify(value);
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]));
}
