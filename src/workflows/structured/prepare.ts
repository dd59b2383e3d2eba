/** A table as a training of a structured task sees it. */
import { inferSchema } from "../../capabilities/data/kinds/index.js";
import { isImageFile, readImageFile } from "../../capabilities/data/sources/index.js";
import type { ParsedTruth, StructuredTaskDefinition } from "../../capabilities/structured/definition.js";
import { createImageDecoder, DEFAULT_IMAGE_LIMITS } from "../../capabilities/vision/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { isImageUri } from "../../foundation/base/pictures/image-text.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { UnreadableColumn } from "../../foundation/contracts/finder.js";
import { type Frame, selectColumns } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { StructuredTask } from "../../foundation/contracts/structured.js";
import { readColumns, type TableWithImages, withImageSizes } from "../load/images.js";
import { readableRows } from "../load/readable-rows.js";
import { type DataRoles, rolesOf } from "../load/schema.js";
import { truthCells, truthColumns } from "./truth-columns.js";

export interface PreparedStructure {
  readonly definition: StructuredTaskDefinition;
  /** Every column, the target as text. */
  readonly schema: readonly ColumnSchema[];
  /** All columns a frame can hold, all rows. */
  readonly frame: Frame;
  /** The columns that models learn from. */
  readonly inputs: Frame;
  /** The column with the truth; names of several between commas. */
  readonly column: string;
  readonly truthColumns: readonly string[];
  readonly truth: ParsedTruth<StructuredTask>;
  readonly roles: DataRoles;
  readonly unreadable: readonly UnreadableColumn[];
}

/** @throws QuernError USAGE, DATA_COLUMN_UNKNOWN, DATA_MALFORMED, TARGET_UNUSABLE */
export async function prepareStructure(
  definition: StructuredTaskDefinition,
  data: TableWithImages,
  project: Project,
): Promise<PreparedStructure> {
  const { column, columns } = targetColumns(definition, data, project);
  const roles = rolesOf(project);
  const schema = await structureSchema(definition, data, project, columns);
  const { frame, failures } = await readColumns(data, schema);
  const inputs = selectColumns(frame, inputColumns(definition, frame, columns, roles));
  const { isReadable, unreadable } = readableRows(failures, inputs);
  const truth = await definition.parse(truthCells(frame, columns), {
    inputs,
    readFile: (cell) => readCellFile(data, cell),
    decodeImage: createImageDecoder(),
  });
  if (truth.rows.length === 0) {
    throw new QuernError("TARGET_UNUSABLE", `No row says what is true of it in ${JSON.stringify(column)}.`, {
      details: { column },
    });
  }
  return {
    ...{ definition, schema, frame, inputs, column, truthColumns: columns, roles, unreadable },
    truth: { ...truth, rows: truth.rows.filter(isReadable) },
  };
}

/** Bytes of a file beside the table. @throws QuernError PATH_REFUSED, DATA_TOO_LARGE, DATA_NOT_FOUND */
export function readCellFile({ imageFolder }: TableWithImages, cell: string): Uint8Array {
  if (imageFolder !== undefined) return readImageFile(imageFolder, cell, DEFAULT_IMAGE_LIMITS.bytes);
  throw new QuernError("DATA_NOT_FOUND", `${cell} is named by a table that lies in no folder.`);
}

function targetColumns(
  { task, targetColumn }: StructuredTaskDefinition,
  { table }: TableWithImages,
  project: Project,
): { column: string; columns: readonly string[] } {
  const names = table.columns.map(({ name }) => name);
  const wanted = project.task.target ?? targetColumn;
  const columns = truthColumns(wanted, names, task);
  if (columns) return { column: wanted, columns };
  throw new QuernError(
    project.task.target === undefined ? "USAGE" : "DATA_COLUMN_UNKNOWN",
    `There is no column ${JSON.stringify(wanted)} that says what is true of each row; the columns are ${names.slice(0, 20).join(", ")}.`,
    {
      details: { column: wanted, columns: names.slice(0, 100) },
      hint: `Name it with --target; docs/guide says what such a column holds for ${task}.`,
    },
  );
}

/** Kinds as said, as the task demands, otherwise as the values look. The truth is always read as text. */
async function structureSchema(
  definition: StructuredTaskDefinition,
  data: TableWithImages,
  project: Project,
  truth: readonly string[],
): Promise<readonly ColumnSchema[]> {
  const roles = rolesOf(project);
  const asIds = [roles.id, roles.group, roles.split].filter((name) => name !== undefined);
  const named = data.table.columns.map(({ name }) => name);
  const own = definition.input;
  const { columns } = await inferSchema(data.table, {
    ignore: project.data.ignore,
    isImage: (cell) =>
      isImageUri(cell) || (data.imageFolder !== undefined && isImageFile(data.imageFolder, cell)),
    ...(project.data.missing ? { missing: project.data.missing } : {}),
    kinds: {
      ...(own !== undefined && named.includes(own) ? { [own]: own } : {}),
      ...project.data.kinds,
      ...Object.fromEntries(asIds.map((name) => [name, "id" as const])),
      ...Object.fromEntries(truth.map((name) => [name, "text" as const])),
    },
  });
  const { imageSize } = project.data;
  return withImageSizes(columns, data, {
    ...(imageSize === undefined ? {} : { size: imageSize }),
    ...(definition.pictureSide === undefined ? {} : { longerSide: definition.pictureSide }),
  });
}

/** The one column of the kind that the task reads, or all columns without a role. @throws QuernError DATA_SCHEMA */
function inputColumns(
  { task, input }: StructuredTaskDefinition,
  frame: Frame,
  truth: readonly string[],
  roles: DataRoles,
): string[] {
  const taken = new Set([...truth, ...Object.values(roles)]);
  const free = [...frame.columns].filter(([name]) => !taken.has(name));
  if (input === undefined) {
    const usable = free.filter(([, { kind }]) => kind !== "id").map(([name]) => name);
    if (usable.length > 0) return usable;
  } else {
    const fitting = free.filter(([, { kind }]) => kind === input).map(([name]) => name);
    if (fitting.includes(input)) return [input];
    if (fitting.length === 1) return fitting;
    if (fitting.length > 1) throw severalInputs(task, input, fitting);
  }
  throw new QuernError(
    "DATA_SCHEMA",
    `A model for ${task} needs a column of kind ${input ?? "other than id"}, and there is none beside ${JSON.stringify(truth.join(", "))}.`,
    {
      details: { columns: free.map(([name]) => name) },
      hint: `Call the column ${JSON.stringify(input ?? "text")}, or set its kind: \`data.kinds: { COLUMN: ${input ?? "text"} }\`.`,
    },
  );
}

function severalInputs(task: StructuredTask, input: string, columns: readonly string[]): QuernError {
  return new QuernError(
    "DATA_SCHEMA",
    `A model for ${task} reads one column of kind ${input}; here are ${columns.join(", ")}.`,
    {
      details: { columns },
      hint: `Leave the others out with --ignore, or call the one ${JSON.stringify(input)}.`,
    },
  );
}
