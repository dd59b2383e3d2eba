import { join } from "node:path";
import { type ColumnFacts, planFeatures } from "../../capabilities/features/index.js";
import type { Project, ProjectInput } from "../../foundation/contracts/project.js";
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
import { featureSteps } from "../project/feature-steps.js";
import { projectMetric } from "../project/metrics.js";
import { withPretrained } from "../project/pretrained.js";
import { resolveProject } from "../project/project-file.js";
import { structuredTaskOf } from "../structured/check.js";
import { checkSettings } from "./check-settings.js";
import { divideTable } from "./divide.js";
import { type MachinePlan, planMachine } from "./machine.js";
import { measurePaces } from "./measure-paces.js";
import { type PreparedData, prepareData } from "./prepare.js";
import { roundsOf } from "./rounds.js";
import { situationOf, trainingFacts } from "./situation.js";

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
    /** Of all its fits, by what one fit on a sample of the rows took here and now. */
    readonly seconds: number;
    readonly megabytes: number;
    readonly config: Readonly<Record<string, unknown>>;
    /** What the estimate is of. */
    readonly basis: string;
  }[];
  /** How many trials the search adds to these; null: until the time is up. */
  readonly searched: number | null;
  readonly leftOut: readonly { readonly trainer: string; readonly reason: string }[];
  /** All trials over all rounds, those of a counted search included, on one thread. */
  readonly seconds: number;
  /** The whole training with the fits that run side by side, or the time that was asked for. */
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

// Measured by bench/estimates/tables: what a training does beside its trials (profile, export, judging, report), and what of
// that grows with them, as larger ensembles take longer to judge and to explain.
const OTHER_SECONDS = 5;
const OTHER_SHARE = 0.25;
/** What a fit takes beside the fitting. */
const FIT_SECONDS = 0.005;

/** What happens to the columns, by the styles that the agenda's families want. */
function featuresOf(
  { candidates }: Agenda,
  facts: readonly ColumnFacts[],
  situation: Situation,
  { prepared, project }: { readonly prepared: PreparedData; readonly project: Project },
): TrainingPlan["features"] {
  const { task, classes } = prepared.target;
  const limits = { rows: situation.rows, task, classes: Math.max(1, classes.length), segmenter: true };
  const styles = [...new Set(candidates.map(({ trainer }) => trainer.capabilities.features))];
  const steps = (style: FeatureStyle): string[] =>
    [...featureSteps(project), ...planFeatures(facts, style, limits).steps].map(
      (step) => `${step.transform}: ${step.columns ? listed(step.columns) : "all"}`,
    );
  return Object.fromEntries(styles.map((style) => [style, steps(style)]));
}

/** Of each trial, of all fits one after the other, and of the whole training; searched trials cost what listed ones do. */
function timesOf(
  agenda: Agenda,
  paces: readonly number[],
  { rounds, slots, folds }: { readonly rounds: number; readonly slots: number; readonly folds: number },
): { trials: readonly number[] } & Pick<TrainingPlan, "seconds" | "wallSeconds"> {
  const trials = agenda.candidates.map(
    ({ estimate }, k) => estimate.seconds * paces[k]! + folds * FIT_SECONDS,
  );
  const listed = trials.reduce((sum, trial) => sum + trial, 0);
  const seconds = rounds * listed * (1 + (searchedTrials(agenda) ?? 0) / trials.length);
  const wallSeconds = agenda.seconds ?? seconds / slots + OTHER_SECONDS + OTHER_SHARE * listed;
  return { trials, seconds, wallSeconds };
}

/** What a training would do with these data on this machine; one fit of each trial is tried, and nothing stored. */
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
    const prepared = await prepareData(data, project, context.signal);
    const { task, classes, column, reason } = prepared.target;
    checkSettings(project, prepared, extensions);
    const metric = projectMetric(project, task, extensions.metrics);
    const division = await divideTable(data.table, prepared, project);
    const { train, validation, test } = division.whole;
    const rounds = roundsOf(division);
    const facts = trainingFacts(prepared, division, project, extensions, context);
    const situation = situationOf(prepared, division, project, facts);
    const agenda = planAgenda(project, extensions.trainers, situation, rounds);
    const { candidates, leftOut } = agenda;
    const machine = planMachine(prepared.features, agenda, context.threads);
    const paces = await measurePaces(
      candidates,
      situation,
      { prepared, division, project, extensions },
      context,
    );
    const times = timesOf(agenda, paces, { rounds, slots: machine.slots, folds: situation.folds });
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
      features: featuresOf(agenda, facts, situation, { prepared, project }),
      trials: candidates.map(({ trainer, estimate, config }, k) => ({
        trainer: trainer.id,
        seconds: times.trials[k]!,
        megabytes: estimate.bytes / 2 ** 20,
        config,
        basis: basisOf(trainer, situation),
      })),
      searched: searchedTrials(agenda),
      leftOut,
      seconds: times.seconds,
      wallSeconds: times.wallSeconds,
      machine,
    };
  } finally {
    await data.close();
  }
}
