/** Where a table says what is true of its rows: in one column, or, for labels, in one column of flags for each. */
import { QuernError } from "../../foundation/base/errors.js";
import { columnOf, type Frame } from "../../foundation/contracts/frame.js";
import type { StructuredTask } from "../../foundation/contracts/structured.js";

/** The column of this name; for labels also the columns whose names stand between commas. Absent: there are no such columns. */
export function truthColumns(
  name: string,
  columns: readonly string[],
  task: StructuredTask,
): readonly string[] | undefined {
  if (columns.includes(name)) return [name];
  const several = name.split(",").map((one) => one.trim());
  return task === "multilabel" && several.every((one) => columns.includes(one)) ? several : undefined;
}

const HOLDS = new Set(["1", "1.0", "true", "t", "yes", "y", "是"]);
const HOLDS_NOT = new Set(["0", "0.0", "false", "f", "no", "n", "否"]);

/**
 * Cells as a task reads them: those of the one column, or the list of the flags that hold; "" where any of them is missing.
 * @throws QuernError DATA_MALFORMED naming row and column
 */
export function truthCells(frame: Frame, columns: readonly string[]): readonly string[] {
  const [first] = columns;
  if (columns.length === 1) return textsOf(frame, first!);
  const flags = columns.map((name) => textsOf(frame, name));
  return Array.from({ length: frame.rows }, (_, row) => {
    const cells = flags.map((column) => column[row]!.trim().toLowerCase());
    if (cells.includes("")) return "";
    const wrong = cells.findIndex((cell) => !HOLDS.has(cell) && !HOLDS_NOT.has(cell));
    if (wrong >= 0) throw noFlag(row, columns[wrong]!, flags[wrong]![row]!);
    return JSON.stringify(columns.filter((_, k) => HOLDS.has(cells[k]!)));
  });
}

function noFlag(row: number, column: string, cell: string): QuernError {
  return new QuernError(
    "DATA_MALFORMED",
    `Row ${row + 1}: ${JSON.stringify(cell.slice(0, 60))} in ${JSON.stringify(column)} says neither that the label holds nor that it does not.`,
    { details: { row, column }, hint: "Write 1 or 0, true or false, yes or no." },
  );
}

function textsOf(frame: Frame, name: string): readonly string[] {
  const column = columnOf(frame, name);
  if (column.kind === "text" || column.kind === "id") return column.values;
  throw new Error(`The column ${name} was read as ${column.kind}.`);
}
