/** Which pictures cannot be read, where nothing is learned from them yet. */
import { readFrame } from "../../engines/table/index.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { UnreadableColumn } from "../../foundation/contracts/finder.js";
import type { TextColumn } from "../../foundation/contracts/frame.js";
import { readImages, type TableWithImages } from "./images.js";
import { unreadableColumn } from "./readable-rows.js";

/** Decoding tens of thousands takes minutes; beyond it, so many evenly spaced rows are looked at. */
const MOST_LOOKED_AT = 2000;
/** Each is decoded whole, whatever is kept of it. */
const SIDE = 8;

/** Of each column of images that has such; what names no picture is a missing value and no fault. */
export async function lookAtPictures(
  { table, imageFolder }: TableWithImages,
  schema: readonly ColumnSchema[],
  signal: AbortSignal,
): Promise<readonly UnreadableColumn[]> {
  const looked = Math.min(table.rows, MOST_LOOKED_AT);
  const rows = Int32Array.from({ length: looked }, (_, i) => Math.floor((i * table.rows) / looked));
  const found: UnreadableColumn[] = [];
  for (const column of schema.filter(({ kind }) => kind === "image")) {
    const { name, reason } = column;
    const frame = await readFrame(table, [{ name, kind: "text", reason }]);
    const { values } = frame.columns.get(name) as TextColumn;
    const cells = Array.from(rows, (row) => values[row]!);
    const small = { ...column, format: { ...column.format, height: SIDE, width: SIDE } };
    const { failures } = await readImages(small, cells, { imageFolder, signal });
    const named = failures.filter(({ file }) => file !== "");
    const placed = named.map((failure) => ({ ...failure, row: rows[failure.row]! }));
    if (placed.length > 0) found.push({ ...unreadableColumn(name, placed), looked });
  }
  return found;
}
