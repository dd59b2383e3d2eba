/** Lines above a table that are none of it: a title, a date, comments, as reports and instruments write them. */
import { parsePlainNumber } from "../../foundation/base/values.js";
import { parseRows } from "./sample-rows.js";

/** A header further down is found by no one but the user. */
const MOST_LINES = 50;
/** Rows below that tell how wide the table is. */
const ROWS_BELOW = 200;
const LONGEST_NAME = 200;
const SHARE_OF_WIDTH = 0.9;

/**
 * How many lines stand above the header, 0 where the first row may be one. Lines are passed over only where the
 * row after them is surely a header: as wide as nearly all rows below, each cell a name of its own.
 */
export function preambleLines(text: string, delimiter: string, quote: string): number {
  const lines = text.split("\n", MOST_LINES + 1).slice(0, MOST_LINES);
  let short = 0;
  for (let index = 0, start = 0; index < lines.length; start += lines[index]!.length + 1, index++) {
    const [row] = parseRows(`${lines[index]}\n`, delimiter, quote);
    if (!row) continue;
    if (short > 0 && namesColumns(row)) {
      const below = parseRows(text.slice(start), delimiter, quote, ROWS_BELOW).slice(1);
      if (hasWidth(below, row.length) && (row.length > 2 || hasNumbers(below, row))) return index;
    }
    const width = usualWidth(parseRows(text.slice(start), delimiter, quote, ROWS_BELOW).slice(1));
    if (!isShort(row, width)) return 0;
    short++;
  }
  return 0;
}

/** Fills half of the table's width at most; a comment may be of any other width. */
function isShort(row: readonly string[], width: number): boolean {
  if (row[0]!.startsWith("#") && row.length !== width) return true;
  return width > 1 && extent(row) <= width / 2;
}

/** Spreadsheets fill short rows with empty cells. */
const extent = (row: readonly string[]): number => row.findLastIndex((cell) => cell.trim() !== "") + 1;

function namesColumns(row: readonly string[]): boolean {
  const names = row.map((cell) => cell.trim());
  const first = names[0]!;
  return (
    names.length > 1 &&
    !names.includes("") &&
    !first.startsWith("#") &&
    new Set(names).size === names.length &&
    names.every((name) => name.length < LONGEST_NAME) &&
    names.filter(isWord).length > names.length / 2
  );
}

const YEAR = /^(19|20)\d\d$/;
const isWord = (name: string): boolean => parsePlainNumber(name) === undefined || YEAR.test(name);

function hasWidth(rows: readonly (readonly string[])[], width: number): boolean {
  return rows.length > 0 && rows.filter((row) => row.length === width).length >= rows.length * SHARE_OF_WIDTH;
}

/** Two cells may be one text with a comma; a column of numbers below a word is a table. */
function hasNumbers(rows: readonly (readonly string[])[], header: readonly string[]): boolean {
  return header.some(
    (name, index) =>
      parsePlainNumber(name) === undefined &&
      rows.every((row) => parsePlainNumber(row[index]?.trim() ?? "") !== undefined),
  );
}

/** The width that most rows have; 0 without rows. */
export function usualWidth(rows: readonly (readonly string[])[]): number {
  const counts = new Map<number, number>();
  for (const { length } of rows) counts.set(length, (counts.get(length) ?? 0) + 1);
  return [...counts].reduce((best, entry) => (entry[1] > best[1] ? entry : best), [0, 0])[0];
}
