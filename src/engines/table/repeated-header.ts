/** Rows that repeat the header, as files have that were joined line by line. */
import { parsePlainNumber } from "../../foundation/base/values.js";
import { quoteIdentifier, quoteText, type TableNote } from "./table.js";

/** What the header says in each column. One column alone may well have its own name as a value. */
export interface Header {
  readonly names: readonly string[];
  readonly cells: readonly string[];
}

const isTelling = ({ cells }: Header): boolean => cells.filter((cell) => cell !== "").length > 1;

export function isRepeatedHeader(row: readonly string[], header: Header): boolean {
  const { cells } = header;
  return (
    isTelling(header) && row.length === cells.length && row.every((cell, index) => cell === cells[index])
  );
}

/** SQL of the same; a column in `numeric` has been read as numbers. */
export function repeatedHeaderTest(header: Header, numeric: ReadonlySet<string> = new Set()): string {
  if (!isTelling(header)) return "false";
  const tests = header.names.map((name, index) => {
    const source = quoteIdentifier(name);
    const cell = header.cells[index]!;
    if (cell === "") return `${source} IS NULL`;
    if (!numeric.has(name)) return `coalesce(${source} = ${quoteText(cell)}, false)`;
    const number = parsePlainNumber(cell.trim());
    return number === undefined ? "false" : `coalesce(${source} = ${number}, false)`;
  });
  return `(${tests.join(" AND ")})`;
}

export function repeatedNote(rows: number, file: string): TableNote {
  const message =
    rows === 1
      ? `1 row repeats the header of ${file}; it is no data and was left out.`
      : `${rows} rows repeat the header of ${file}; they are no data and were left out.`;
  return { id: "header-repeated", message };
}
