import { type InferredSchema, inferSchema } from "../../capabilities/data/kinds/index.js";
import { isImageFile } from "../../capabilities/data/sources/index.js";
import { isImageUri } from "../../foundation/base/pictures/image-text.js";
import type { ColumnKind } from "../../foundation/contracts/column.js";
import type { Project } from "../../foundation/contracts/project.js";
import { type TableWithImages, withImageSizes } from "./images.js";

/** The columns that a project names for a purpose of their own. */
export interface DataRoles {
  readonly id?: string;
  readonly time?: string;
  readonly group?: string;
  readonly weight?: string;
  /** The column that says which part a row belongs to. */
  readonly split?: string;
}

/** What every column is for this project: as said, as its role demands, otherwise as its values look. */
export async function decideSchema(
  { table, imageFolder }: TableWithImages,
  project: Project,
): Promise<InferredSchema> {
  const { data, task } = project;
  const inference = {
    ignore: data.ignore,
    isImage: (cell: string) =>
      isImageUri(cell) || (imageFolder !== undefined && isImageFile(imageFolder, cell)),
    ...(data.missing ? { missing: data.missing } : {}),
  };
  const kinds = { ...data.kinds, ...roleKinds(rolesOf(project)) };
  const decided = await inferSchema(table, {
    ...inference,
    kinds,
    ...(task.target === undefined ? {} : { target: task.target }),
  });
  return {
    ...decided,
    columns: await withImageSizes(
      decided.columns,
      { table, imageFolder },
      data.imageSize === undefined ? {} : { size: data.imageSize },
    ),
  };
}

export function rolesOf({ data, split }: Project): DataRoles {
  const time = data.time ?? (split?.kind === "time" ? split.time : undefined);
  const group = data.group ?? (split && "group" in split ? split.group : undefined);
  return {
    ...(data.id === undefined ? {} : { id: data.id }),
    ...(time === undefined ? {} : { time }),
    ...(group === undefined ? {} : { group }),
    ...(data.weight === undefined ? {} : { weight: data.weight }),
    ...(split?.kind === "columns" ? { split: split.column } : {}),
  };
}

/** A role fixes what a column is, whatever its values look like. */
function roleKinds(roles: DataRoles): Record<string, ColumnKind> {
  const kinds: Record<string, ColumnKind> = {};
  if (roles.id !== undefined) kinds[roles.id] = "id";
  if (roles.group !== undefined) kinds[roles.group] = "id";
  if (roles.split !== undefined) kinds[roles.split] = "id";
  if (roles.weight !== undefined) kinds[roles.weight] = "number";
  return kinds;
}
