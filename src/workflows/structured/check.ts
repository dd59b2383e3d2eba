/** What a structured training is about, and all that can be wrong with its data and project. */
import { chooseSplit } from "../../capabilities/data/splits/choose-split.js";
import type { StructuredTaskDefinition } from "../../capabilities/structured/definition.js";
import { STRUCTURED_TASK_DEFINITIONS } from "../../catalogue.js";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import { selectColumns } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import { isStructured, type StructuredTask } from "../../foundation/contracts/structured.js";
import type { StructuredTrainer } from "../../foundation/contracts/structured-trainer.js";
import { SIZE_GOAL } from "../learn/assemble.js";
import type { OpenedData } from "../load/open-data.js";
import type { Extensions } from "../project/extensions.js";
import { type Division, divideData } from "../train/divide.js";
import { LATENCY_GOAL } from "../train/goals.js";
import { divisionHashes } from "../train/row-identity.js";
import { type PreparedStructure, prepareStructure } from "./prepare.js";
import type { CheckedStructure, StructureCandidate } from "./production.js";

/** The structured task that the project asks for, or that its source can only mean; undefined: a task of tables. */
export function structuredTaskOf(
  { task }: Pick<Project, "task">,
  { sources }: Pick<OpenedData, "sources">,
): StructuredTaskDefinition | undefined {
  if (isStructured(task.type)) return definitionOf(task.type);
  if (task.type !== undefined) return undefined;
  return STRUCTURED_TASK_DEFINITIONS.find(({ formats }) =>
    sources.some(({ format }) => formats.includes(format)),
  );
}

export function definitionOf(task: StructuredTask): StructuredTaskDefinition {
  const definition = STRUCTURED_TASK_DEFINITIONS.find((one) => one.task === task);
  if (definition) return definition;
  throw new QuernError("UNSUPPORTED", `Models for ${task} cannot be trained by this release.`, {
    details: { task },
  });
}

/** @throws QuernError CONFIG_INVALID, USAGE, DATA_…, TARGET_UNUSABLE */
export async function checkStructure(
  definition: StructuredTaskDefinition,
  data: OpenedData,
  project: Project,
  { structuredTrainers }: Pick<Extensions, "structuredTrainers">,
): Promise<CheckedStructure> {
  const metric = decisiveMetric(definition, project);
  checkFeatures(definition, project);
  const trainers = structuredTrainers.filter(({ task }) => task === definition.task);
  checkGoals(definition, project);
  const listed =
    project.models === "auto" ? undefined : candidatesOf(definition.task, project.models, trainers);
  const prepared = await prepareStructure(definition, data, project);
  const preferred = definition.preferred?.(prepared.inputs) ?? [trainers[0]!.id];
  const candidates = listed ?? candidatesOf(definition.task, [...preferred], trainers);
  return { prepared, candidates, metric, division: await divide(data, prepared, project) };
}

function decisiveMetric({ task, metrics }: StructuredTaskDefinition, project: Project): string {
  const ids = metrics.map(({ id }) => id);
  const wanted = project.task.metric ?? ids[0]!;
  if (ids.includes(wanted)) return wanted;
  const guess = nearest(wanted, ids);
  throw new QuernError(
    "CONFIG_INVALID",
    `task.metric: nothing called ${JSON.stringify(wanted)} is measured for ${task}${guess ? `; did you mean ${guess}?` : "."}`,
    { details: { key: "task.metric" }, hint: `The metrics are ${ids.join(", ")}.` },
  );
}

function checkGoals({ task, metrics }: StructuredTaskDefinition, project: Project): void {
  const known = [...metrics.map(({ id }) => id), LATENCY_GOAL, SIZE_GOAL];
  const unknown = Object.keys(project.task.goals).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new QuernError(
    "CONFIG_INVALID",
    `task.goals: nothing measures ${JSON.stringify(unknown)} for ${task}.`,
    { details: { key: `task.goals.${unknown}` }, hint: `Goals may name ${known.join(", ")}.` },
  );
}

/** What a trainer of such a task reads is planned with the task itself. */
function checkFeatures({ task }: StructuredTaskDefinition, { features }: Project): void {
  if (features.length === 0) return;
  throw new QuernError("CONFIG_INVALID", `features: models for ${task} have no feature steps of one's own.`, {
    details: { key: "features", task },
  });
}

/** @throws QuernError CONFIG_INVALID */
function candidatesOf(
  task: StructuredTask,
  entries: Exclude<Project["models"], "auto">,
  trainers: readonly StructuredTrainer[],
): StructureCandidate[] {
  return entries.map((entry, number) => {
    const { trainer: id, ...settings } = typeof entry === "string" ? { trainer: entry } : entry;
    const trainer = trainers.find((one) => one.id === id);
    if (!trainer) {
      throw new QuernError("CONFIG_INVALID", `There is no trainer ${JSON.stringify(id)} for ${task}.`, {
        details: { trainer: id, task },
        hint: `The trainers for ${task} are ${trainers.map((one) => one.id).join(", ")}.`,
      });
    }
    const parsed = trainer.config.safeParse(settings);
    if (parsed.success) return { number, trainer, config: parsed.data };
    const issue = parsed.error.issues[0]!;
    const key = issue.code === "unrecognized_keys" ? issue.keys[0]! : issue.path.join(".");
    throw new QuernError("CONFIG_INVALID", `models: ${id}.${key}: ${issue.message}.`, {
      details: { trainer: id, key },
    });
  });
}

/** Below this the usual shares leave parts without a row. */
const LEAST_ROWS = 100;
const SMALL_ROWS = 10;

/** Rows with equal inputs go to the same part, so that nothing is judged that was learnt by heart. */
async function divide(
  data: OpenedData,
  { schema, frame, inputs, truth, roles }: PreparedStructure,
  project: Project,
): Promise<Division> {
  if (project.split?.kind === "folds") {
    throw new QuernError("CONFIG_INVALID", "split: a structured task is trained once, not in folds.", {
      details: { key: "split.kind" },
      hint: "Use `random`, `group`, `time` or `columns`.",
    });
  }
  const { rows } = truth;
  if (rows.length < SMALL_ROWS && project.split?.kind !== "columns") {
    throw new QuernError(
      "DATA_TOO_FEW_ROWS",
      `${rows.length} rows say what is true of them; at least ${SMALL_ROWS} are needed.`,
    );
  }
  const choice = chooseSplit({
    rows: Math.max(LEAST_ROWS, rows.length),
    ...(roles.time === undefined ? {} : { time: roles.time }),
    ...(roles.group === undefined ? {} : { group: roles.group }),
  });
  const told = schema.filter(({ name }) => inputs.columns.has(name));
  const identity = {
    schema: told,
    frame: selectColumns(frame, [...inputs.columns.keys()]),
    areSeparate: !project.cleaning.duplicates,
  };
  const division = divideData(
    { frame, roles, target: { rows, target: { task: "regression", values: new Float64Array(rows.length) } } },
    await divisionHashes(data.table, identity),
    { ...project, split: project.split ?? choice.config },
  );
  const { train, validation, test } = division.whole;
  for (const [part, held] of Object.entries({ train, validation, test })) {
    if (held.length > 0) continue;
    throw new QuernError("DATA_TOO_FEW_ROWS", `The ${part} part of the split has no row.`, {
      details: { part, rows: rows.length },
      hint: "Give more rows, or other shares in `split`.",
    });
  }
  const isPlain = !project.split && choice.config.kind === "stratified";
  const reason = project.split
    ? division.reason
    : isPlain
      ? "Rows are divided at random, those with equal inputs together."
      : choice.reason;
  return { ...division, reason };
}
