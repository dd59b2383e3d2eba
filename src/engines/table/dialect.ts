/** How a delimited text file is written, found from its first rows. */
import { parseDatetimeText } from "../../foundation/base/datetime-pattern.js";
import { MISSING_MARKERS, spellsNumber } from "../../foundation/base/values.js";
import { preambleLines, usualWidth } from "./preamble.js";
import { dropLines, parseRows, SAMPLE_ROWS } from "./sample-rows.js";

export interface Dialect {
  /** One character. */
  readonly delimiter: string;
  /** `"`, `'` or "" for none; a quote inside a quoted value is doubled. */
  readonly quote: string;
  /** Whether the first row names the columns. */
  readonly header: boolean;
  /** Lines before the first row to pass over, blank ones included. */
  readonly skipLines: number;
}

const DELIMITERS = ["\t", ";", "|", ","];
/** Rows that tell the delimiter. */
const DELIMITER_ROWS = 200;

/** What was found, with the lines that were taken for a title above the table. */
export interface SniffedDialect extends Dialect {
  readonly preamble: number;
}

/** @param sample the beginning of the file, without byte order mark; its last row may be cut off */
export function sniffDialect(sample: string, given: Partial<Dialect> = {}): SniffedDialect {
  const declared = /^sep=(.)\r?\n/.exec(sample);
  const said = given.skipLines ?? (declared && (given.delimiter ?? declared[1]) === declared[1] ? 1 : 0);
  const rest = dropLines(sample, said);
  // The reader would take a blank line for the header, and the header for a row.
  const empty = leadingLines(rest, EMPTY_LINE);
  const blank = leadingLines(rest, BLANK_LINE);
  const below = dropLines(rest, blank);
  const quote = given.quote ?? sniffQuote(below);
  const delimiter = given.delimiter ?? declared?.[1] ?? sniffDelimiter(below, quote);
  // Who says how many lines to skip, or that no line names the columns, has looked.
  const isSaid = given.skipLines !== undefined || given.header === false;
  const preamble = isSaid ? 0 : preambleLines(below, delimiter, quote);
  const header = given.header ?? (preamble > 0 || sniffHeader(parseRows(below, delimiter, quote)));
  // Without a header, a row of empty cells is a row like others.
  return { delimiter, quote, header, skipLines: said + (header ? blank + preamble : empty), preamble };
}

const EMPTY_LINE = /[^\S\n]*\n/y;
/** Spreadsheets write empty rows above a table as delimiters alone. */
const BLANK_LINE = /(?:[^\S\n]|[,;|])*\n/y;

function leadingLines(text: string, line: RegExp): number {
  let count = 0;
  for (line.lastIndex = 0; line.test(text); ) count++;
  return count;
}

function sniffQuote(text: string): string {
  if (text.includes('"')) return '"';
  const single = text.match(/(^|[\n,;|\t])'[^'\n]*'(?=$|[\r\n,;|\t])/g)?.length ?? 0;
  const lines = text.split("\n", SAMPLE_ROWS).length;
  return single >= lines / 2 ? "'" : '"';
}

/** The delimiter under which most rows have as many cells as the first, and the most cells. */
function sniffDelimiter(text: string, quote: string): string {
  const tables = DELIMITERS.map((delimiter) => ({
    delimiter,
    rows: parseRows(text, delimiter, quote, DELIMITER_ROWS),
  }));
  const bySize = tables.map(({ delimiter, rows }) => ({
    delimiter,
    ...agreement(rows, rows[0]?.length ?? 0),
  }));
  const best = mostAgreeing(bySize);
  if (best.share >= SURE_SHARE) return best.delimiter;
  // The first row may be a title above the table.
  const other = mostAgreeing(
    tables.map(({ delimiter, rows }) => ({ delimiter, ...agreement(rows, usualWidth(rows)) })),
  );
  return preambleLines(text, other.delimiter, quote) > 0 ? other.delimiter : best.delimiter;
}

/** Of rows as wide as the first: fewer, and it may be no row. */
const SURE_SHARE = 0.5;

interface Agreement {
  readonly delimiter: string;
  readonly share: number;
  readonly score: number;
}

function agreement(rows: readonly (readonly string[])[], width: number): Omit<Agreement, "delimiter"> {
  if (width < 2) return { share: 0, score: 0 };
  const share = rows.filter((row) => row.length === width).length / rows.length;
  return { share, score: share ** 2 * (2 - 1 / width) };
}

const mostAgreeing = (found: readonly Agreement[]): Agreement =>
  found.reduce((best, one) => (one.score > best.score ? one : best), { delimiter: ",", share: 0, score: 0 });

const isValue = (text: string): boolean => {
  const trimmed = text.trim();
  return spellsNumber(trimmed) || parseDatetimeText(trimmed, "iso") !== undefined;
};
const isEmpty = (text: string): boolean =>
  text.trim() === "" || MISSING_MARKERS.includes(text.trim().toLowerCase());

/** Fewer could be chance. */
const LEAST_COUNTED = 3;

/** Whether the numbers of a row count its columns, from 0 or 1: what a table without names of its own is written with. */
function countsColumns(row: readonly string[]): boolean {
  const numbers = [...row.entries()].filter(([, cell]) => /^\d+$/.test(cell.trim()));
  const [first] = numbers;
  const start = first ? Number(first[1]) - first[0] : Number.NaN;
  return (
    numbers.length >= LEAST_COUNTED &&
    Math.abs(start) <= 1 &&
    numbers.every(([index, cell]) => Number(cell) === start + index)
  );
}

/** Whether the numbers of a row are years one after another, as the columns of statistics are called. */
function countsYears(row: readonly string[]): boolean {
  const numbers = row.map((cell) => cell.trim()).filter(spellsNumber);
  const step = Number(numbers[1]) - Number(numbers[0]);
  return (
    numbers.length >= LEAST_COUNTED &&
    Math.abs(step) === 1 &&
    numbers.every(
      (year, index) => /^(19|20)\d\d$/.test(year) && Number(year) === Number(numbers[0]) + index * step,
    )
  );
}

const isSameRow = (row: readonly string[], other: readonly string[]): boolean =>
  row.length === other.length && row.every((cell, index) => cell === other[index]);

/** A first row names columns unless it looks like the rows below it. */
function sniffHeader(rows: readonly string[][]): boolean {
  const [first, ...others] = rows;
  if (!first || others.length === 0) return true;
  // Files that were joined line by line repeat the header.
  const body = first.length > 1 ? others.filter((row) => !isSameRow(row, first)) : others;
  if (countsColumns(first) && !others.some(countsColumns)) return true;
  if (countsYears(first) && !body.some(countsYears)) return true;
  let likeNames = 0;
  let likeValues = 0;
  let repeated = 0;
  for (const [index, cell] of first.entries()) {
    const below = body.map((row) => row[index] ?? "").filter((text) => !isEmpty(text));
    if (below.length === 0) continue;
    const values = below.filter(isValue).length / below.length;
    // The index of rows that pandas and R write has no name, but never a gap either.
    const isIndex = cell.trim() === "" && below.length === body.length;
    if (values > 0.9) {
      if ((isValue(cell) || isEmpty(cell)) && !isIndex) likeValues++;
      else likeNames++;
    }
    if (below.includes(cell)) repeated++;
  }
  if (likeNames > 0 || likeValues > 0) return likeNames >= likeValues;
  return repeated < first.length;
}
