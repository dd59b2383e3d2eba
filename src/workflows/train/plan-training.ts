import { join } from "node:path";
import { describeColumns, planFeatures } from "../../capabilities/features/index.js";
import { takeRows } from "../../foundation/contracts/frame.js";
import type { ProjectInput } from "../../foundation/contracts/project.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import type { FeatureStyle, Trainer } from "../../foundation/contracts/trainer.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { CACHE_FOLDER } from "../fitting/fit-step.js";
import { type Agenda, planAgenda } from "../learn/agenda.js";
import { bagging, type Situation } from "../learn/candidates.js";
import { completedBySource } from "../load/implied-project.js";
import { openData } from "../load/open-data.js";
import { storeFolder } from "../locate-store.js";
import { withAugmentationFiles } from "../project/augmentation-files.js";
import { loadExtensions } from "../project/extensions.js";
import { withPretrained } from "../project/pretrained.js";
import { resolveProject } from "../project/project-file.js";
import { structuredTaskOf } from "../structured/check.js";
import { checkSettings } from "./check-settings.js";
import { divideData } from "./divide.js";
import { type MachinePlan, planMachine } from "./machine.js";
import { type PreparedData, prepareData } from "./prepare.js";
import { divisionHashes } from "./record-data.js";
import { metricOf, roundsOf } from "./run-training.js";
import { situationOf } from "./situation.js";

export interface TrainingPlan {
  readonly source: string;
  readonly rows: number;
  readonly target: {
    readonly column: string;
    readonly task: string;
    readonly reason: string;
    readonly classes: readonly string[];
  };
  readonly metric: string;
  readonly split: {
    readonly kind: string;
    readonly reason: string;
    readonly train: number;
    readonly validation: number;
    readonly test: number;
    readonly rounds: number;
    /** Parts into which the rows to learn from are cut, each held out once; 1: the validation rows choose. */
    readonly folds: number;
  };
  readonly columns: readonly {
    readonly name: string;
    readonly kind: string;
    readonly role: string;
    readonly reason: string;
  }[];
  /** What happens to the columns, by the style of the families that get it. */
  readonly features: Readonly<Record<string, readonly string[]>>;
  readonly trials: readonly {
    readonly trainer: string;
    readonly seconds: number;
    readonly megabytes: number;
    readonly config: Readonly<Record<string, unknown>>;
    /** What the estimate is of. */
    readonly basis: string;
  }[];
  /** How many trials the search adds to these; null: until the time is up. */
  readonly searched: number | null;
  readonly leftOut: readonly { readonly trainer: string; readonly reason: string }[];
  /** Sum of the trials' estimates over all rounds, on one thread. */
  readonly seconds: number;
  /** What that takes with the fits that run side by side, or the time that was asked for. */
  readonly wallSeconds: number;
  readonly machine: MachinePlan;
}

function basisOf(trainer: Trainer, situation: Situation): string {
  const { rows, features } = situation.specificationOf(trainer);
  const { folds } = situation;
  if (folds <= 1) return `1 fit of ${rows} rows x ${features} features`;
  const fits = `${folds} fits of ${rows - Math.ceil(rows / folds)} rows x ${features} features`;
  return bagging(trainer) === "refit" ? `${fits}, 1 of ${rows} rows` : fits;
}

function columnsOf({ schema, roles, target }: PreparedData): TrainingPlan["columns"] {
  const taken = new Map(Object.entries(roles).map(([role, name]) => [name as string, role]));
  return schema.map(({ name, kind, reason }) => ({
    name,
    kind,
    role:
      name === target.column
        ? "target"
        : (taken.get(name) ?? (kind === "id" ? "id" : kind === "ignore" ? "left out" : "feature")),
    reason,
  }));
}

/** More names than this say less. */
const MOST_NAMES = 12;

function listed(names: readonly string[]): string {
  if (names.length <= MOST_NAMES) return names.join(", ");
  return `${names.slice(0, MOST_NAMES).join(", ")} and ${names.length - MOST_NAMES} more`;
}

function searchedTrials({ trials, seconds, candidates }: Agenda): number | null {
  if (trials !== undefined) return trials - candidates.length;
  return seconds === undefined ? 0 : null;
}

/** What a training would do with these data on this machine; nothing is trained and nothing stored. */
export async function planTraining(
  request: { readonly project: ProjectInput; readonly allowedHosts?: readonly string[] },
  options: WorkflowOptions = {},
): Promise<TrainingPlan> {
  const context = workflowContext(options);
  const wanted = await withPretrained(
    withAugmentationFiles(resolveProject(request.project), context.folder),
    {
      base: context.folder,
      cache: join(storeFolder(options), CACHE_FOLDER),
      allowedHosts: request.allowedHosts ?? [],
      signal: context.signal,
    },
  );
  const extensions = await loadExtensions(wanted, context.folder);
  const data = await openData(wanted.data, { ...context, allowedHosts: request.allowedHosts ?? [] });
  try {
    const project = completedBySource(wanted, data);
    const structured = structuredTaskOf(project, data);
    if (structured) tabularTask(structured.task, "A plan");
    const prepared = await prepareData(data, project);
    const { task, classes, column, reason } = prepared.target;
    checkSettings(project, prepared, extensions.metrics);
    const metric = metricOf(project, task, extensions.metrics);
    const division = divideData(prepared, await divisionHashes(data.table, prepared), project);
    const { train, validation, test } = division.whole;
    const rounds = roundsOf(division);
    const situation = situationOf(prepared, division, project);
    const agenda = planAgenda(project, extensions.trainers, situation, rounds);
    const { candidates, leftOut } = agenda;
    const machine = planMachine(prepared.features, agenda, context.threads);
    const seconds = rounds * candidates.reduce((sum, { estimate }) => sum + estimate.seconds, 0);
    const facts = describeColumns(takeRows(prepared.features, train));
    const limits = { rows: train.length, task, classes: Math.max(1, classes.length), segmenter: true };
    const styles = [...new Set(candidates.map(({ trainer }) => trainer.capabilities.features))];
    const steps = (style: FeatureStyle): string[] =>
      planFeatures(facts, style, limits).steps.map(
        (step) => `${step.transform}: ${step.columns ? listed(step.columns) : "all"}`,
      );
    return {
      source: data.description,
      rows: prepared.frame.rows,
      target: { column, task, reason, classes },
      metric: metric.id,
      split: {
        kind: division.record.config.kind,
        reason: division.reason,
        train: train.length,
        validation: validation.length,
        test: test.length,
        rounds,
        folds: situation.folds,
      },
      columns: columnsOf(prepared),
      features: Object.fromEntries(styles.map((style) => [style, steps(style)])),
      trials: candidates.map(({ trainer, estimate, config }) => ({
        trainer: trainer.id,
        seconds: estimate.seconds,
        megabytes: estimate.bytes / 2 ** 20,
        config,
        basis: basisOf(trainer, situation),
      })),
      searched: searchedTrials(agenda),
      leftOut,
      seconds,
      wallSeconds: agenda.seconds ?? seconds / machine.slots,
      machine,
    };
  } finally {
    await data.close();
  }
}
