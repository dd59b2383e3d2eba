import { resolve } from "node:path";
import { profileTable } from "../../capabilities/data/profile/profile-table.js";
import { profilePage } from "../../capabilities/data/profile/views/profile-page.js";
import { ANNOTATED_COLUMNS, CONLL_COLUMNS, isAnnotated } from "../../capabilities/data/sources/index.js";
import { readFrame, type Table } from "../../engines/table/index.js";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import { columnOf } from "../../foundation/contracts/frame.js";
import type { Profile } from "../../foundation/contracts/profile.js";
import type { Project, ProjectInput } from "../../foundation/contracts/project.js";
import { isStructured, tabularTask } from "../../foundation/contracts/structured.js";
import type { TaskType } from "../../foundation/contracts/target.js";
import { type WorkflowOptions, workflowContext } from "../context.js";
import { findDisputedPictures } from "../load/disputed-pictures.js";
import { completedBySource } from "../load/implied-project.js";
import { lookAtPictures } from "../load/look-at-pictures.js";
import { noteFinding } from "../load/note-finding.js";
import { type OpenedData, openData } from "../load/open-data.js";
import { decideSchema, rolesOf } from "../load/schema.js";
import { refuseTwins, resolveTarget, unknownTarget } from "../load/target.js";
import { loadExtensions } from "../project/extensions.js";
import { resolveProject } from "../project/project-file.js";

export interface ProfileRequest {
  /** The source, kinds and roles of a project; a target is welcome but not needed. */
  readonly project: ProjectInput;
  readonly allowedHosts?: readonly string[];
  /** HTML page to write. */
  readonly report?: string;
  readonly language?: "en" | "zh";
}

export interface ProfileResult {
  readonly profile: Profile;
  readonly source: string;
  readonly report: string | null;
}

/** Describes a table without holding it in memory; writes nothing but the page asked for. */
export async function profileData(
  request: ProfileRequest,
  options: WorkflowOptions = {},
): Promise<ProfileResult> {
  const context = workflowContext(options);
  const project = resolveProject(request.project);
  const { data: source, task, report: wishes } = project;
  const data = await openData(source, { ...context, allowedHosts: request.allowedHosts ?? [] });
  try {
    const { columns, unreadable } = await decideSchema(data, project);
    if (task.target !== undefined) refuseTwins(task.target, data.table.notes, source.ignore);
    const { id, time, group } = source;
    const roles = {
      ...(id === undefined ? {} : { id }),
      ...(time === undefined ? {} : { time }),
      ...(group === undefined ? {} : { group }),
    };
    const target =
      task.target === undefined || isStructured(task.type)
        ? undefined
        : { name: task.target, task: await taskOf(data.table, columns, task) };
    const { finders } = await loadExtensions(project, context.folder);
    const measured = await profileTable(data.table, columns, {
      finders,
      roles,
      unreadable: [...unreadable, ...(await lookAtPictures(data, columns, context.signal))],
      ...(target ? { target } : {}),
      truths: truthsOf(data),
    });
    const disputed = await disputedPictures(data, columns, { project, asked: target?.task }, context.signal);
    const notes = [...data.table.notes.map(noteFinding), ...disputed];
    const profile = { ...measured, findings: [...measured.findings, ...notes] };
    const language = request.language ?? wishes.language;
    const report = request.report === undefined ? null : resolve(context.folder, request.report);
    if (report !== null) writeFileAtomic(report, profilePage(profile, language, data.description));
    return { profile, source: data.description, report };
  } finally {
    await data.close();
  }
}

/** Of the classes that were asked for, or of the folders in which the pictures lie. */
async function disputedPictures(
  data: OpenedData,
  columns: readonly ColumnSchema[],
  { project, asked }: { readonly project: Project; readonly asked: TaskType | undefined },
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const completed = completedBySource(project, data);
  const { target } = completed.task;
  if (target === undefined || asked === "regression" || isStructured(completed.task.type)) return [];
  const taken = new Set([target, ...Object.values(rolesOf(completed))]);
  return findDisputedPictures(data, columns, { target, taken }, signal);
}

/** What people drew into pictures or marked in texts: nothing a model learns from as it stands. */
function truthsOf({ sources }: OpenedData): readonly string[] {
  if (sources.some(({ format }) => isAnnotated(format)))
    return [ANNOTATED_COLUMNS.objects, ANNOTATED_COLUMNS.mask];
  return sources.some(({ format }) => format === "conll") ? [CONLL_COLUMNS.entities] : [];
}

/** Reads the target alone to tell what kind of task it makes. @throws QuernError DATA_COLUMN_UNKNOWN, TARGET_UNUSABLE */
async function taskOf(
  table: Table,
  columns: readonly ColumnSchema[],
  { target: name, type, positive }: Project["task"],
): Promise<TaskType> {
  const schema = columns.find((column) => column.name === name);
  if (!schema || name === undefined) {
    throw unknownTarget(
      String(name),
      columns.map((column) => column.name),
      table.notes,
    );
  }
  const frame = await readFrame(table, [schema]);
  return resolveTarget(columnOf(frame, name), schema, {
    column: name,
    type: type && tabularTask(type, "A profile of a target"),
    positive,
  }).task;
}
