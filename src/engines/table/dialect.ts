/** How a delimited text file is written, found from its first rows. */
import { parseDatetimeText } from "../../foundation/base/datetime-pattern.js";
import { MISSING_MARKERS, parsePlainNumber } from "../../foundation/base/values.js";

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
const SAMPLE_ROWS = 1000;

/** @param sample the beginning of the file, without byte order mark; its last row may be cut off */
export function sniffDialect(sample: string, given: Partial<Dialect> = {}): Dialect {
  const declared = /^sep=(.)\r?\n/.exec(sample);
  const said = given.skipLines ?? (declared && (given.delimiter ?? declared[1]) === declared[1] ? 1 : 0);
  const rest = dropLines(sample, said);
  // The reader would take a blank line for the header, and the header for a row.
  const empty = leadingLines(rest, EMPTY_LINE);
  const blank = leadingLines(rest, BLANK_LINE);
  const text = dropLines(rest, blank);
  const quote = given.quote ?? sniffQuote(text);
  const delimiter = given.delimiter ?? declared?.[1] ?? sniffDelimiter(text, quote);
  const header = given.header ?? sniffHeader(parseRows(text, delimiter, quote));
  // Without a header, a row of empty cells is a row like others.
  return { delimiter, quote, header, skipLines: said + (header ? blank : empty) };
}

const EMPTY_LINE = /[^\S\n]*\n/y;
/** Spreadsheets write empty rows above a table as delimiters alone. */
const BLANK_LINE = /(?:[^\S\n]|[,;|])*\n/y;

function leadingLines(text: string, line: RegExp): number {
  let count = 0;
  for (line.lastIndex = 0; line.test(text); ) count++;
  return count;
}

export function dropLines(text: string, count: number): string {
  let start = 0;
  for (let i = 0; i < count; i++) start = text.indexOf("\n", start) + 1 || text.length;
  return text.slice(start);
}

/** The complete rows of a sample; blank lines left out. */
export function parseRows(text: string, delimiter: string, quote: string, limit = SAMPLE_ROWS): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endRow = (): void => {
    row.push(cell);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    cell = "";
  };
  for (let i = 0; i < text.length && rows.length < limit; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character !== quote) cell += character;
      else if (text[i + 1] === quote) cell += text[++i]!;
      else quoted = false;
    } else if (character === quote && cell === "") quoted = true;
    else if (character === delimiter) {
      row.push(cell);
      cell = "";
    } else if (character === "\n") endRow();
    else if (character === "\r") {
      if (text[i + 1] !== "\n") endRow();
    } else cell += character;
  }
  return rows;
}

function sniffQuote(text: string): string {
  if (text.includes('"')) return '"';
  const single = text.match(/(^|[\n,;|\t])'[^'\n]*'(?=$|[\r\n,;|\t])/g)?.length ?? 0;
  const lines = text.split("\n", SAMPLE_ROWS).length;
  return single >= lines / 2 ? "'" : '"';
}

/** The delimiter under which most rows have as many cells as the first, and the most cells. */
function sniffDelimiter(text: string, quote: string): string {
  let best = { delimiter: ",", score: 0 };
  for (const delimiter of DELIMITERS) {
    const rows = parseRows(text, delimiter, quote, 200);
    const width = rows[0]?.length ?? 0;
    if (width < 2) continue;
    const agreeing = rows.filter((row) => row.length === width).length / rows.length;
    const score = agreeing ** 2 * (2 - 1 / width);
    if (score > best.score) best = { delimiter, score };
  }
  return best.delimiter;
}

const isValue = (text: string): boolean => {
  const trimmed = text.trim();
  return parsePlainNumber(trimmed) !== undefined || parseDatetimeText(trimmed, "iso") !== undefined;
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

/** A first row names columns unless it looks like the rows below it. */
function sniffHeader(rows: readonly string[][]): boolean {
  const [first, ...body] = rows;
  if (!first || body.length === 0) return true;
  if (countsColumns(first) && !body.some(countsColumns)) return true;
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
