import {
  ANNOTATED_COLUMNS,
  CONLL_COLUMNS,
  IMAGE_FOLDER_COLUMNS,
  isAnnotated,
} from "../../capabilities/data/sources/index.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { OpenedData } from "./open-data.js";

/**
 * What a source of images says itself: the folder of an image is its label, and folders or files of parts (`train`,
 * `test`) divide the rows. What the project says goes before.
 */
export function completedBySource(
  project: Project,
  { sources, table }: Pick<OpenedData, "sources" | "table">,
): Project {
  if (sources.every(({ format }) => format === "conll")) return completedByConll(project, table);
  if (sources.every(({ format }) => isAnnotated(format))) return completedByParts(project, table);
  if (!sources.every(({ format }) => format === "images" || format === "idx")) return project;
  const { label, part } = IMAGE_FOLDER_COLUMNS;
  const names = table.columns.map(({ name }) => name);
  const target = project.task.target ?? (names.includes(label) ? label : undefined);
  const split =
    project.split ?? (names.includes(part) ? ({ kind: "columns", column: part } as const) : undefined);
  return {
    ...project,
    task: { ...project.task, ...(target === undefined ? {} : { target }) },
    ...(split ? { split } : {}),
  };
}

/** Folders or lists of parts divide the pictures. */
function completedByParts(project: Project, table: OpenedData["table"]): Project {
  const { part } = ANNOTATED_COLUMNS;
  if (project.split || !table.columns.some(({ name }) => name === part)) return project;
  return { ...project, split: { kind: "columns", column: part } };
}

/** Files of parts divide the sentences; documents stay together where there are enough of them. */
function completedByConll(project: Project, table: OpenedData["table"]): Project {
  const { part, document } = CONLL_COLUMNS;
  const names = table.columns.map(({ name }) => name);
  if (project.split || project.data.group !== undefined) return project;
  if (names.includes(part)) return { ...project, split: { kind: "columns", column: part } };
  if (!names.includes(document)) return project;
  return { ...project, data: { ...project.data, group: document } };
}
