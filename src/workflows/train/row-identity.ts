import { expectsEqualRows } from "../../capabilities/data/findings/columns.js";
import { contentHashes, distinctHashes, type Table } from "../../engines/table/index.js";
import { sha256 } from "../../foundation/base/hash.js";
import { cellWidth, type ImageColumn, selectColumns } from "../../foundation/contracts/frame.js";
import type { Project } from "../../foundation/contracts/project.js";
import type { PreparedData } from "./prepare.js";

export interface DividedRows extends Pick<PreparedData, "schema" | "frame"> {
  /** Equal rows are observations of their own, not copies. */
  readonly areSeparate: boolean;
}

/**
 * The identity by which rows are divided: rows that are equal but for their id share it, so that no copy is on both
 * sides, unless they are separate. Images are told by their pixels, whatever their files are called.
 */
export async function divisionHashes(
  table: Table,
  { schema, frame, areSeparate }: DividedRows,
): Promise<BigUint64Array> {
  const images = [...frame.columns.values()].filter((column) => column.kind === "image");
  const content = schema.filter(({ kind }) => kind !== "id" && kind !== "ignore" && kind !== "image");
  const told = content.length > 0 || images.length > 0 ? content : schema;
  const { hashes } = await contentHashes(table, told);
  for (const image of images) mixImages(hashes, image);
  return areSeparate ? distinctHashes(hashes) : hashes;
}

/**
 * Where the project keeps duplicates it says so. Where the features offer few combinations, independent rows agree by
 * themselves: kept together with their target, those of one class would be tested where only those of the other were
 * learnt from.
 */
export function areSeparate(
  { features, target }: Pick<PreparedData, "features" | "target">,
  project: Project,
): boolean {
  if (!project.cleaning.duplicates) return true;
  const told = [...features.columns].flatMap(([name, { kind }]) => (kind === "id" ? [] : [name]));
  return expectsEqualRows(selectColumns(features, told), target.rows);
}

/** Odd, with its bits spread evenly: multiplying by it loses nothing and moves every bit (Knuth). */
const SPREAD = 0x9e3779b97f4a7c15n;

function mixImages(hashes: BigUint64Array, image: ImageColumn): void {
  const size = cellWidth(image);
  for (let row = 0; row < hashes.length; row++) {
    const pixels = sha256(image.values.subarray(row * size, (row + 1) * size));
    hashes[row] = (hashes[row]! * SPREAD) ^ BigInt(`0x${pixels.slice(0, 16)}`);
  }
}
