import { closeSync, openSync, readSync } from "node:fs";
import { QuernError } from "../../foundation/base/errors.js";
import { MISSING_MARKERS, spellsNumber } from "../../foundation/base/values.js";
import { columnNames } from "./column-names.js";
import type { Database } from "./database.js";
import { delimitedError } from "./delimited-errors.js";
import { type Dialect, type SniffedDialect, sniffDialect } from "./dialect.js";
import { isMissing } from "./expressions.js";
import { STORED } from "./memory-table.js";
import type { Loaded, TableFile } from "./open-table.js";
import { type Header, isRepeatedHeader, repeatedHeaderTest, repeatedNote } from "./repeated-header.js";
import { dropLines, parseRows } from "./sample-rows.js";
import { storeFiles } from "./store-files.js";
import { quoteIdentifier, quoteText, type TableColumn, type TableNote } from "./table.js";

const SAMPLE_BYTES = 2 ** 20;
/** A number of more digits may lose some in a double; such columns stay text. */
const MAX_INTEGER_DIGITS = 15;
const NOT_A_NUMBER = "quern: not a number";

/** A file with the way it is written; files of one table may differ in the lines above the header. */
interface DelimitedFile extends TableFile {
  readonly dialect: Dialect;
}

interface Input {
  readonly files: readonly DelimitedFile[];
  readonly names: readonly string[];
  readonly header: Header;
}

const NO_HEADER: Header = { names: [], cells: [] };

interface Head {
  readonly dialect: SniffedDialect;
  readonly rows: string[][];
}

/**
 * All columns are read as text and those that look like numbers in the first rows are converted on the way.
 * When a later row disagrees, one more pass finds all columns that are not numbers, and the load is repeated.
 */
export async function loadDelimited(
  database: Database,
  files: readonly TableFile[],
  given: Partial<Dialect>,
): Promise<Loaded> {
  const first = files[0]!;
  const head = readHead(first, given);
  const { names, notes } = namesOf(head, first);
  const written = files.map((file, index): DelimitedFile => {
    const dialect = index === 0 ? head.dialect : dialectOfSame(file, head, names, given.skipLines);
    return { ...file, dialect };
  });
  const header = head.dialect.header ? { names, cells: head.rows[0]! } : NO_HEADER;
  const body = head.dialect.header
    ? head.rows.slice(1).filter((row) => !isRepeatedHeader(row, header))
    : head.rows;
  const likely = names.filter((_, index) => looksNumeric(body.map((row) => row[index] ?? "")));
  let stored: Stored;
  try {
    stored = await storeAll(database, { files: written, names, header }, likely);
  } catch (cause) {
    throw delimitedError(cause, files, names);
  }
  await refuseNoRows(database, first);
  const isNumber = new Set(stored.numeric);
  const columns = names.map(
    (name): TableColumn => ({ name, storage: isNumber.has(name) ? "number" : "text" }),
  );
  const repeated = stored.repeated > 0 ? [repeatedNote(stored.repeated, nameOf(first))] : [];
  return { columns, notes: [...notes, ...repeated, ...stored.notes] };
}

interface Stored {
  /** Columns that were stored as numbers. */
  readonly numeric: readonly string[];
  /** Rows left out because they say what the header says. */
  readonly repeated: number;
  readonly notes: readonly TableNote[];
}

async function storeAll(database: Database, input: Input, likely: readonly string[]): Promise<Stored> {
  let numeric = likely;
  let repeated = 0;
  try {
    await store(database, input, numeric);
    repeated = await countRepeated(database, input, numeric);
    if (repeated > 0) await store(database, input, numeric, true);
  } catch (cause) {
    if (!isNotANumber(cause)) throw cause;
    ({ numeric, repeated } = await trulyNumeric(database, input, numeric));
    await store(database, input, numeric, repeated > 0);
  }
  const { texts, notes } = await dropInfinite(database, numeric);
  if (texts.size > 0) {
    numeric = numeric.filter((name) => !texts.has(name));
    await store(database, input, numeric, repeated > 0);
    return { numeric, repeated, notes: (await dropInfinite(database, numeric)).notes };
  }
  return { numeric, repeated, notes };
}

function readHead(file: TableFile, given: Partial<Dialect>): Head {
  const sample = readSample(file);
  const dialect = sniffDialect(sample, given);
  const rows = parseRows(dropLines(sample, dialect.skipLines), dialect.delimiter, dialect.quote);
  if (rows.length === 0) {
    throw new QuernError("DATA_EMPTY", `${nameOf(file)} has no rows.`, { details: { file: nameOf(file) } });
  }
  return { dialect, rows };
}

/** The first MiB as text; a last line without an end gets one if the file ends there. */
function readSample(file: TableFile): string {
  const bytes = new Uint8Array(SAMPLE_BYTES);
  const handle = openSync(file.path, "r");
  let length = 0;
  try {
    for (let read = -1; read !== 0 && length < SAMPLE_BYTES; length += read) {
      read = readSync(handle, bytes, length, SAMPLE_BYTES - length, null);
    }
  } finally {
    closeSync(handle);
  }
  const zero = bytes.subarray(0, length).indexOf(0);
  if (zero >= 0) throw binaryContent(file, bytes.subarray(0, zero));
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  return length < SAMPLE_BYTES && !text.endsWith("\n") ? `${text}\n` : text;
}

function binaryContent(file: TableFile, before: Uint8Array): QuernError {
  const line = before.reduce((count, byte) => count + (byte === 10 ? 1 : 0), 1);
  return new QuernError(
    "DATA_MALFORMED",
    `${nameOf(file)}, line ${line}: the file holds a NUL byte (at byte ${before.length}), so it is not text.`,
    {
      details: { file: nameOf(file), line, byte: before.length },
      hint: "Give a text file, or name its `--encoding` if it is one.",
    },
  );
}

function namesOf(head: Head, file: TableFile): { names: string[]; notes: TableNote[] } {
  const first = head.rows[0]!;
  const { header, preamble, skipLines } = head.dialect;
  if (header) {
    const { names, notes } = columnNames(first, nameOf(file));
    return { names, notes: [...(preamble > 0 ? [skippedNote(skipLines, file)] : []), ...notes] };
  }
  const names = first.map((_, index) => `column${index + 1}`);
  const message = `${nameOf(file)} has no header; its columns are called ${names[0]} to ${names.at(-1)}.`;
  return { names, notes: [{ id: "header-assumed", message }] };
}

function skippedNote(lines: number, file: TableFile): TableNote {
  const what = lines === 1 ? "the line above it was" : `the ${lines} lines above it were`;
  const message = `The header of ${nameOf(file)} is in line ${lines + 1}; ${what} left out. \`--skip-lines\` says otherwise.`;
  return { id: "lines-skipped", message };
}

/** The dialect of a further file. @throws QuernError DATA_SCHEMA where its columns are others */
function dialectOfSame(
  file: TableFile,
  head: Head,
  names: readonly string[],
  skipLines: number | undefined,
): Dialect {
  const { delimiter, quote, header } = head.dialect;
  const other = readHead(file, {
    delimiter,
    quote,
    header,
    ...(skipLines === undefined ? {} : { skipLines }),
  });
  const found = head.dialect.header
    ? columnNames(other.rows[0]!, nameOf(file)).names
    : other.rows[0]!.map((_, index) => `column${index + 1}`);
  const length = Math.max(found.length, names.length);
  const line = other.dialect.skipLines + 1;
  for (let index = 0; index < length; index++) {
    if (found[index] === names[index]) continue;
    throw new QuernError(
      "DATA_SCHEMA",
      `${nameOf(file)}, line ${line}, column ${index + 1}: found ${describe(found[index])}, but the first file has ` +
        `${describe(names[index])} there.`,
      {
        details: {
          file: nameOf(file),
          line,
          column: index + 1,
          expected: names[index],
          found: found[index],
        },
      },
    );
  }
  return other.dialect;
}

const describe = (name: string | undefined): string =>
  name === undefined ? "no column" : JSON.stringify(name);
const nameOf = (file: TableFile): string => file.name ?? file.path;

function readCsv({ path, dialect }: DelimitedFile, names: readonly string[]): string {
  const columns = names.map((name) => `${quoteText(name)}: 'VARCHAR'`).join(", ");
  return (
    `read_csv(${quoteText(path)}, auto_detect = false, delim = ${quoteText(dialect.delimiter)}, ` +
    `quote = ${quoteText(dialect.quote)}, escape = ${quoteText(dialect.quote)}, header = ${dialect.header}, ` +
    `skip = ${dialect.skipLines}, nullstr = '', columns = {${columns}})`
  );
}

const isMarker = (text: string): boolean => MISSING_MARKERS.includes(text.toLowerCase());

/** Whether every value of the sample is a number whose text can be recovered from it. */
function looksNumeric(sample: readonly string[]): boolean {
  let numbers = 0;
  for (const raw of sample) {
    const text = raw.trim();
    if (text === "" || isMarker(text)) continue;
    if (!spellsNumber(text) || losesText(text)) return false;
    numbers++;
  }
  return numbers > 0;
}

/** `007` and numbers of many digits are names more often than amounts. */
function losesText(text: string): boolean {
  return /^0\d/.test(text) || (!text.includes(".") && text.length > MAX_INTEGER_DIGITS);
}

/** `losesText`, and spellings that DuckDB takes for numbers but `NUMBER_PATTERN` does not: `1_000`, `inf`, `nan`. */
function isUnfit(source: string): string {
  return (
    `((${source} >= '00' AND ${source} < '0:') OR contains(${source}, '_') OR contains(${source}, 'n') ` +
    `OR contains(${source}, 'N') OR (strlen(${source}) > ${MAX_INTEGER_DIGITS} AND NOT contains(${source}, '.')))`
  );
}

const parsed = (source: string): string =>
  `CASE WHEN NOT ${isUnfit(source)} THEN TRY_CAST(${source} AS DOUBLE) END`;

/** Fails at the first value that is neither a number nor missing. */
function convert(name: string): string {
  const source = quoteIdentifier(name);
  const otherwise =
    `CASE WHEN ${source} IS NULL OR ${isMissing(source, {})} THEN CAST(NULL AS DOUBLE) ` +
    `ELSE error(${quoteText(NOT_A_NUMBER)}) END`;
  return `coalesce(${parsed(source)}, ${otherwise}) AS ${source}`;
}

async function store(
  database: Database,
  { files, names, header }: Input,
  numeric: readonly string[],
  withoutRepeated = false,
): Promise<void> {
  const isNumeric = new Set(numeric);
  const selected = names.map((name) => (isNumeric.has(name) ? convert(name) : quoteIdentifier(name)));
  await storeFiles(database, STORED, files, (file) => {
    const rows = readCsv(file, names);
    const kept = withoutRepeated ? `(SELECT * FROM ${rows} WHERE NOT ${repeatedHeaderTest(header)})` : rows;
    return `SELECT ${selected.join(", ")} FROM ${kept}`;
  });
}

async function countRepeated(
  database: Database,
  { header }: Input,
  numeric: readonly string[],
): Promise<number> {
  const test = repeatedHeaderTest(header, new Set(numeric));
  const [found] = await database.query(`SELECT count(*) AS rows FROM ${STORED} WHERE ${test}`);
  return found!.rows as number;
}

const isNotANumber = (cause: unknown): boolean =>
  cause instanceof Error && cause.message.includes(NOT_A_NUMBER);

async function trulyNumeric(
  database: Database,
  { files, names, header }: Input,
  candidates: readonly string[],
): Promise<{ numeric: string[]; repeated: number }> {
  const isHeader = repeatedHeaderTest(header);
  const checks = candidates.map((name, index) => {
    const column = quoteIdentifier(name);
    return (
      `bool_or(${column} IS NOT NULL AND ${parsed(column)} IS NULL AND NOT ${isMissing(column, {})} ` +
      `AND NOT ${isHeader}) AS c${index}`
    );
  });
  const all = files.map((file) => `SELECT * FROM ${readCsv(file, names)}`).join(" UNION ALL ");
  const [found] = await database.query(
    `SELECT ${checks.join(", ")}, count(*) FILTER (WHERE ${isHeader}) AS repeated FROM (${all})`,
  );
  const numeric = candidates.filter((_, index) => found![`c${index}`] !== true);
  return { numeric, repeated: found!.repeated as number };
}

/** A column of more such numbers is one of codes, like `12e345`. */
const INFINITE_SHARE = 0.5;

/**
 * Numbers beyond the range of a double, `1e400`, become missing, of which a note speaks.
 * @returns also the columns that hold little else, which are texts
 */
async function dropInfinite(
  database: Database,
  numeric: readonly string[],
): Promise<{ texts: ReadonlySet<string>; notes: TableNote[] }> {
  const texts = new Set<string>();
  const notes: TableNote[] = [];
  if (numeric.length === 0) return { texts, notes };
  const counts = numeric.map(
    (name, index) =>
      `count(*) FILTER (WHERE isinf(${quoteIdentifier(name)})) AS i${index}, count(${quoteIdentifier(name)}) AS n${index}`,
  );
  const [found] = await database.query(`SELECT ${counts.join(", ")} FROM ${STORED}`);
  for (const [index, name] of numeric.entries()) {
    const infinite = found![`i${index}`] as number;
    if (infinite === 0) continue;
    if (infinite > (found![`n${index}`] as number) * INFINITE_SHARE) texts.add(name);
    else notes.push(infiniteNote(name, infinite));
  }
  // What is left as text is read again.
  if (texts.size > 0) return { texts, notes: [] };
  for (const { column } of notes) {
    const source = quoteIdentifier(column!);
    await database.run(`UPDATE ${STORED} SET ${source} = NULL WHERE isinf(${source})`);
  }
  return { texts, notes };
}

function infiniteNote(column: string, rows: number): TableNote {
  const what = rows === 1 ? "1 number is" : `${rows} numbers are`;
  const message = `${what} beyond the range of a double (1.8e308) in ${JSON.stringify(column)} and counted as missing.`;
  return { id: "number-infinite", column, message };
}

async function refuseNoRows(database: Database, file: TableFile): Promise<void> {
  const [counted] = await database.query(`SELECT count(*) AS rows FROM ${STORED}`);
  if (counted!.rows === 0) {
    throw new QuernError("DATA_EMPTY", `${nameOf(file)} has a header but no rows.`, {
      details: { file: nameOf(file) },
    });
  }
}
