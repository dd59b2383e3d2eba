/** Columns that name pictures of which too few are found: nobody means them as categories or ids. */
import { quoteIdentifier, type Table } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { IMAGE_FILE } from "../../foundation/base/pictures/image-text.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import type { Finding } from "../../foundation/contracts/finding.js";
import type { TableWithImages } from "./images.js";

const SAMPLE = 50;
const NAMED_SHARE = 0.95;

export interface LostPictures {
  readonly column: string;
  /** A name as a cell has it. */
  readonly example: string;
}

/** @param decided columns whose kind the user has chosen, which are left alone */
export async function findLostPictures(
  table: Table,
  schema: readonly ColumnSchema[],
  decided: ReadonlySet<string>,
): Promise<readonly LostPictures[]> {
  const texts = schema.filter(
    ({ name, kind }) => !decided.has(name) && (kind === "id" || kind === "category" || kind === "text"),
  );
  const lost: LostPictures[] = [];
  for (const { name } of texts) {
    const source = quoteIdentifier(name);
    const rows = await table.query(
      `SELECT ${source} AS value FROM data WHERE ${source} IS NOT NULL LIMIT ${SAMPLE}`,
    );
    const cells = rows.map(({ value }) => String(value).trim()).filter((cell) => cell !== "");
    const named = cells.filter((cell) => IMAGE_FILE.test(cell));
    if (named.length > 0 && named.length >= NAMED_SHARE * cells.length) {
      lost.push({ column: name, example: named[0]! });
    }
  }
  return lost;
}

const HINT =
  "Names count from the folder of the table: put the table beside the folder with the pictures, and download what is named by a URL.";

const where = ({ imageFolder }: TableWithImages): string =>
  imageFolder === undefined ? "the table lies in no folder" : `not in ${imageFolder}`;

export function lostPicturesError({ column, example }: LostPictures, data: TableWithImages): QuernError {
  return new QuernError(
    "DATA_NOT_FOUND",
    `The column ${JSON.stringify(column)} names pictures, such as ${JSON.stringify(example)}, and fewer than half of them are found: ${where(data)}.`,
    { details: { column, example }, hint: HINT },
  );
}

export function lostPicturesFinding({ column, example }: LostPictures, data: TableWithImages): Finding {
  return {
    id: "pictures-not-found",
    severity: "warning",
    column,
    message: `The column ${JSON.stringify(column)} names pictures, such as ${JSON.stringify(example)}, and fewer than half of them are found: ${where(data)}. They are not looked at.`,
    evidence: { example },
    fix: { state: "proposed", action: `${HINT} Or leave the column out with \`data.ignore\`.` },
  };
}
