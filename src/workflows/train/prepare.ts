import type { UnreadableCells } from "../../capabilities/data/kinds/index.js";
import { IMAGE_FOLDER_COLUMNS } from "../../capabilities/data/sources/index.js";
import type { Table } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import { type Column, columnOf, type Frame, selectColumns } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import { tabularTask } from "../../foundation/contracts/structured.js";
import { findDisputedPictures } from "../load/disputed-pictures.js";
import { readColumns, type TableWithImages } from "../load/images.js";
import { findLostPictures, lostPicturesError, lostPicturesFinding } from "../load/lost-pictures.js";
import { noteFinding } from "../load/note-finding.js";
import { readableRows } from "../load/readable-rows.js";
import { type DataRoles, decideSchema, rolesOf } from "../load/schema.js";
import {
  listedNames,
  type ResolvedTarget,
  refuseTwins,
  resolveTarget,
  unknownTarget,
} from "../load/target.js";

/** A table as a training sees it: every column has a kind, the target a task, the rest a role. */
export interface PreparedData {
  readonly schema: readonly ColumnSchema[];
  /** All columns a frame can hold, all rows. */
  readonly frame: Frame;
  /** The columns models may learn from. */
  readonly features: Frame;
  readonly target: ResolvedTarget;
  readonly roles: DataRoles;
  /** One entry a row; absent: all rows count the same. */
  readonly weights?: Float64Array;
  /** Cells that are present but no value of their column's kind; they count as missing. */
  readonly unreadable: readonly UnreadableCells[];
  /** What reading changed or assumed: renamed columns, the encoding. */
  readonly notes: readonly Finding[];
}

/**
 * Decides kinds, reads the frame and resolves the target.
 * @throws QuernError USAGE without a target, DATA_COLUMN_UNKNOWN, TARGET_UNUSABLE
 */
export async function prepareData(
  data: TableWithImages,
  project: Project,
  signal: AbortSignal,
): Promise<PreparedData> {
  const { table } = data;
  const name = requireTarget(table, project);
  const { task } = project;
  const roles = rolesOf(project);
  const { columns: schema, unreadable } = await decideSchema(data, project);
  const { frame, failures } = await readColumns(data, schema);
  const taken = new Set([name, ...Object.values(roles)]);
  const features = selectColumns(
    frame,
    [...frame.columns.keys()].filter((column) => !taken.has(column)),
  );
  const lost = await findLostPictures(
    table,
    schema,
    new Set([...taken, ...Object.keys(project.data.kinds ?? {})]),
  );
  const names = new Set(lost.map(({ column }) => column));
  const others = [...features.columns].filter(([column, { kind }]) => kind !== "id" && !names.has(column));
  if (lost[0] && others.length === 0) throw lostPicturesError(lost[0], data);
  const { isReadable, unreadable: unreadablePictures } = readableRows(failures, features);
  const target = resolveTarget(columnOf(frame, name), schema.find((column) => column.name === name)!, {
    column: name,
    type: task.type && tabularTask(task.type, "A table with one target"),
    positive: task.positive,
    isUsable: isReadable,
  });
  const disputed =
    target.task === "regression"
      ? []
      : await findDisputedPictures(data, schema, { target: name, taken }, signal);
  return {
    schema,
    frame,
    features,
    target,
    roles,
    ...(roles.weight === undefined
      ? {}
      : { weights: weightsOf(columnOf(frame, roles.weight), roles.weight) }),
    unreadable: [...unreadable, ...unreadablePictures],
    notes: [
      ...table.notes.map(noteFinding),
      ...lost.map((one) => lostPicturesFinding(one, data)),
      ...disputed,
    ],
  };
}

function requireTarget(table: Table, project: Project): string {
  const names = table.columns.map((column) => column.name);
  const wanted = project.task.target;
  if (wanted === undefined && names.join() === IMAGE_FOLDER_COLUMNS.image) {
    throw new QuernError("USAGE", "Nothing says what the pictures show.", {
      hint: "Make a folder for each class and move the pictures into them, or give a table that names the pictures, with a column to predict.",
    });
  }
  if (wanted === undefined) {
    throw new QuernError("USAGE", "No target column was given.", {
      hint: `Name the column to predict with --target. The columns are ${listedNames(names)}.`,
    });
  }
  if (!names.includes(wanted)) throw unknownTarget(wanted, names, table.notes);
  refuseTwins(wanted, table.notes, project.data.ignore);
  refuseOtherRoles(wanted, project);
  return wanted;
}

/** What a column is to be learnt from cannot be what is learnt. */
function refuseOtherRoles(target: string, { data }: Project): void {
  const roles = { id: data.id, time: data.time, group: data.group, weight: data.weight };
  const role = Object.entries(roles).find(([, column]) => column === target)?.[0];
  const key = role ?? (data.ignore?.includes(target) ? "ignore" : undefined);
  if (key === undefined) return;
  throw new QuernError(
    "USAGE",
    `The column ${JSON.stringify(target)} is the target and cannot be in \`data.${key}\` as well.`,
    {
      details: { column: target, key },
      hint: `Choose another target, or another column for \`data.${key}\`.`,
    },
  );
}

function weightsOf(column: Column, name: string): Float64Array {
  if (column.kind !== "number") throw new Error(`The weight column ${name} was not read as a number.`);
  const row = column.values.findIndex((value) => !(value >= 0));
  if (row < 0) return Float64Array.from(column.values);
  throw new QuernError(
    "DATA_MALFORMED",
    `The weight column ${JSON.stringify(name)} is negative or missing in row ${row + 1}.`,
    {
      details: { column: name, row },
      hint: "Weights must be numbers of at least 0 in every row.",
    },
  );
}
