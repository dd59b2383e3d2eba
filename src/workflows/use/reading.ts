import { type ReadFrameOptions, readFrame, type Table } from "../../engines/table/index.js";
import { QuernError } from "../../foundation/base/errors.js";
import { nearest } from "../../foundation/base/nearest.js";
import type { Manifest } from "../../foundation/contracts/bundle.js";
import type { Frame } from "../../foundation/contracts/frame.js";
import { NO_PICTURE } from "../../foundation/contracts/row-encoding.js";
import type { SourceOptions } from "../../foundation/contracts/source.js";
import type { WorkflowContext } from "../context.js";
import { type PictureFailure, readColumns, type TableWithImages } from "../load/images.js";
import { defined, type OpenedData, openLocation } from "../load/open-data.js";
import { refuseMostLost } from "../load/readable-rows.js";

/** How to read a file of rows; what is left out is found from its content. */
export type ReadingOptions = { [Key in keyof SourceOptions]?: SourceOptions[Key] | undefined } & {
  readonly allowHost?: readonly string[];
};

/** Opens a file of rows and tells what was left out or assumed: fewer rows than lines would puzzle otherwise. */
export async function openRows(
  source: string,
  { allowHost = [], ...options }: ReadingOptions,
  context: WorkflowContext,
): Promise<OpenedData> {
  const data = await openLocation(source, defined(options), { ...context, allowedHosts: allowHost });
  for (const { message } of data.table.notes) context.onNote(message);
  return data;
}

export interface ReadInputs {
  readonly frame: Frame;
  /** Rows of the frame that cannot be answered, for a picture that cannot be read or is not there. */
  readonly failures: readonly PictureFailure[];
}

/**
 * The columns a model takes, read by the rules of its training, so that a value means the same as it did there.
 * @throws QuernError PREDICTION_INPUT naming a column that is missing and may not be
 */
export async function readInputs(
  data: TableWithImages,
  manifest: Manifest,
  range: ReadFrameOptions = {},
): Promise<ReadInputs> {
  const { table } = data;
  const names = table.columns.map((column) => column.name);
  const present = manifest.inputs.filter((input) => names.includes(input.column.name));
  const missing = manifest.inputs.find((input) => !input.optional && !names.includes(input.column.name));
  if (missing) {
    const { name } = missing.column;
    // Another input is no slip of this one.
    const inputs = new Set(manifest.inputs.map(({ column }) => column.name));
    const guess = nearest(
      name,
      names.filter((candidate) => !inputs.has(candidate)),
    );
    throw new QuernError(
      "PREDICTION_INPUT",
      `The data has no column ${JSON.stringify(name)}, which the model needs${guess === undefined ? "." : `; did you mean ${JSON.stringify(guess)}?`}`,
      {
        details: { column: name, columns: names.slice(0, 100) },
        hint: "Give a file with the columns the model was trained on; the model's card lists them.",
      },
    );
  }
  const { frame, failures } = await readColumns(
    data,
    present.map((input) => input.column),
    range,
  );
  const needed = new Set(present.flatMap(({ column, required }) => (required ? [column.name] : [])));
  return { frame, failures: failures.filter(({ column, file }) => file !== "" || needed.has(column)) };
}

/** The same of all rows. @throws QuernError PREDICTION_INPUT naming the first row that cannot be answered */
export async function readEveryInput(
  data: TableWithImages,
  manifest: Manifest,
  range: ReadFrameOptions = {},
): Promise<Frame> {
  const { frame, failures } = await readInputs(data, manifest, range);
  const [first] = failures;
  if (!first) return frame;
  const row = first.row + (range.start ?? 0);
  throw new QuernError(
    "PREDICTION_INPUT",
    `Row ${row + 1}, column ${JSON.stringify(first.column)}: ${failureText(first)}.`,
    { details: { column: first.column, row, rows: new Set(failures.map((failure) => failure.row)).size } },
  );
}

/** Those of the rows that can be answered. @throws QuernError DATA_MALFORMED where they are less than half of all */
export function answerable({ frame, failures }: ReadInputs, rows: Int32Array): Int32Array {
  const lost = refuseMostLost(failures, frame.rows);
  return lost.size === 0 ? rows : rows.filter((row) => !lost.has(row));
}

export const failureText = ({ file, reason }: PictureFailure): string =>
  file === "" ? NO_PICTURE : `no image: ${file}: ${reason}`;

/** The id column of the training, where the file has it. */
export function idColumn(manifest: Manifest, table: Table): string | undefined {
  return table.columns.find((column) => column.name === manifest.id)?.name;
}

/** Its values. */
export async function readIds(
  table: Table,
  name: string,
  range: { start: number; end: number },
): Promise<readonly string[]> {
  const frame = await readFrame(table, [{ name, kind: "id", reason: "The model's id column." }], range);
  const column = frame.columns.get(name);
  return column?.kind === "id" ? column.values : [];
}
