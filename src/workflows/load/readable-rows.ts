/** What becomes of rows whose pictures cannot be read: nothing is learnt from them, and nothing is judged by them. */
import { QuernError } from "../../foundation/base/errors.js";
import type { UnreadableColumn } from "../../foundation/contracts/finder.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import type { PictureFailure } from "./images.js";

/** Where more of the rows are lost, something is wrong with the whole: a path, a format. */
const MOST_LOST = 0.5;
const EXAMPLES = 5;

export interface ReadableRows {
  isReadable(row: number): boolean;
  /** For the finding that tells of the others. */
  readonly unreadable: readonly UnreadableColumn[];
}

/**
 * Rows of which a picture is named that cannot be read are left out; so are rows without one, where the picture is all that
 * there is. Beside other columns "no picture" is a state of its own, which models can learn.
 * @param features the columns from which a model reads
 * @throws QuernError DATA_MALFORMED where more than half of the rows would be lost
 */
export function readableRows(failures: readonly PictureFailure[], features: Frame): ReadableRows {
  const columns = [...features.columns];
  const isMixed = columns.some(([, { kind }]) => kind !== "image" && kind !== "id");
  const read = new Set(columns.map(([name]) => name));
  const lost = failures.filter(({ column, file }) => read.has(column) && !(isMixed && file === ""));
  const rows = refuseMostLost(lost, features.rows);
  const names = [...new Set(lost.map(({ column }) => column))];
  const unreadable = names.map((name) =>
    unreadableColumn(
      name,
      lost.filter(({ column }) => column === name),
    ),
  );
  return { isReadable: (row) => !rows.has(row), unreadable };
}

/** Of one column, for the finding. */
export function unreadableColumn(column: string, failures: readonly PictureFailure[]): UnreadableColumn {
  const examples = failures.slice(0, EXAMPLES).map((failure) => ({ row: failure.row, value: told(failure) }));
  return { column, kind: "image", rows: failures.length, examples };
}

/** The rows of the failures. @throws QuernError DATA_MALFORMED where they are more than half of all */
export function refuseMostLost(lost: readonly PictureFailure[], rows: number): ReadonlySet<number> {
  const found = new Set(lost.map(({ row }) => row));
  if (found.size > MOST_LOST * rows) throw tooFew(lost, found.size, rows);
  return found;
}

const told = ({ file, reason }: PictureFailure): string => (file === "" ? reason : `${file}: ${reason}`);

function tooFew(lost: readonly PictureFailure[], count: number, rows: number): QuernError {
  const { column } = lost[0]!;
  const examples = lost.slice(0, EXAMPLES).map((failure) => `row ${failure.row + 1}: ${told(failure)}`);
  return new QuernError(
    "DATA_MALFORMED",
    `${count} of ${rows} rows have no picture in ${JSON.stringify(column)} that can be read: ${examples.join("; ")}.`,
    {
      details: { column, row: lost[0]!.row, rows: count },
      hint: "Give JPEG, PNG, WebP or GIF files inside the folder of the table; up to half of the rows may lack theirs.",
    },
  );
}
