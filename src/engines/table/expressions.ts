/** The parsers of base/values.ts as SQL, for whole columns. Property tests keep the two equal. */
import { ISO_PATTERN, patternExpression } from "../../foundation/base/datetime-pattern.js";
import {
  ACCOUNTING_PATTERN,
  CLOCK_PATTERN,
  DEFAULT_FALSE_TEXT,
  DEFAULT_TRUE_TEXT,
  FULL_WIDTH,
  HALF_WIDTH,
  isDigitPattern,
  MINUS_SIGN,
  MISSING_MARKERS,
  NUMBER_PATTERN,
  type ValueFormat,
  WHITE_SPACE,
} from "../../foundation/base/values.js";
import type { ColumnSchema } from "../../foundation/contracts/column.js";
import { quoteIdentifier, quoteText, type StorageType } from "./table.js";

/**
 * The value of a column as its schema reads it: DOUBLE for number, BOOLEAN for boolean, TIMESTAMP for datetime,
 * VARCHAR for category, text and id, FLOAT[] for vector. NULL = missing or not a value of the kind.
 */
export function valueExpression(schema: ColumnSchema, storage: StorageType): string {
  const source = quoteIdentifier(schema.name);
  const format: ValueFormat = schema.format ?? {};
  switch (schema.kind) {
    case "number":
      return numberExpression(source, storage, format);
    case "boolean":
      return booleanExpression(source, storage, format);
    case "datetime":
      return datetimeExpression(source, storage, format);
    case "vector":
      return vectorExpression(source, storage, format);
    case "image":
      return asText(source, storage);
    case "text":
      return storage === "text" ? withoutMarkers(source, source, format) : asText(source, storage);
    default:
      return categoryExpression(source, storage, format, schema.numericCategory ?? false);
  }
}

/** True where a cell is present but `valueExpression` cannot read it: bad numbers, impossible dates. */
export function invalidExpression(schema: ColumnSchema, storage: StorageType): string {
  const source = quoteIdentifier(schema.name);
  const value = valueExpression(schema, storage);
  if (storage !== "text") return `(${source} IS NOT NULL AND (${value}) IS NULL)`;
  // CASE, because the test for markers is slow and need only see the few cells that were not read.
  const missing = isMissing(source, schema.format ?? {});
  return `(${source} IS NOT NULL AND CASE WHEN (${value}) IS NULL THEN NOT ${missing} ELSE false END)`;
}

/** DuckDB's trim of a set of characters costs ten times a scan; most cells begin and end with printable ASCII. */
const trimmed = (source: string): string =>
  `(CASE WHEN ascii(${source}) BETWEEN 33 AND 126 AND ascii(${source}[-1]) BETWEEN 33 AND 126 ` +
  `THEN ${source} ELSE trim(${source}, ${quoteText(WHITE_SPACE)}) END)`;
const lowered = (source: string): string => `lower(${trimmed(source)})`;

/**
 * Membership in a few texts. Not `IN`: DuckDB turns a long one into a join, which tests every row, whatever
 * CASE stands around it, and does not keep the order of rows.
 */
export function isOneOf(text: string, texts: Iterable<string>): string {
  return `list_contains([${[...texts].map(quoteText).join(", ")}]::VARCHAR[], ${text})`;
}

/** As in `isMissingText`: empty, a common marker, or one recorded for the column. */
export function isMissing(source: string, format: ValueFormat): string {
  return isOneOf(lowered(source), new Set(["", ...MISSING_MARKERS, ...(format.missing ?? [])]));
}

function numberExpression(source: string, storage: StorageType, format: ValueFormat): string {
  if (storage === "number") return withoutNumbers(source, format);
  if (storage === "boolean") return `CAST(${source} AS DOUBLE)`;
  if (storage === "datetime") return `CAST(epoch_ms(${source}) AS DOUBLE)`;
  if (storage !== "text") return "CAST(NULL AS DOUBLE)";
  const read = format.clock
    ? clockExpression(plainSign(halfWidth(trimmed(source))))
    : scaledExpression(source, format);
  return format.missing?.length ? `CASE WHEN NOT ${isMissing(source, format)} THEN ${read} END` : read;
}

function scaledExpression(source: string, format: ValueFormat): string {
  // Cells of digits, signs and points are what the cast takes them for; it alone is a fifth of the work.
  const usual = `CASE WHEN strlen(${source}) < 300 AND NOT regexp_matches(${source}, ${quoteText(DOUBTFUL)}) THEN ${castNumber(cleanNumber(source, format))} END`;
  const number = `coalesce(${usual}, ${plainNumber(plainSign(cleanNumber(halfWidth(trimmed(source)), format)))})`;
  return format.scale === undefined ? number : `${number} * CAST(${format.scale} AS DOUBLE)`;
}

/** As `parseClock`. */
function clockExpression(text: string): string {
  const part = (group: number): string => `regexp_extract(${text}, ${quoteText(CLOCK_PATTERN)}, ${group})`;
  const number = (group: number): string => castNumber(part(group));
  const amount = `((coalesce(${number(2)}, 0) * 24 + ${number(3)}) * 60 + ${number(4)})`;
  const seconds = castNumber(`replace(${part(5)}, ',', '.')`);
  const fine = `CASE ${part(5)} WHEN '' THEN ${amount} ELSE ${amount} * 60 + ${seconds} END`;
  return `CASE WHEN regexp_matches(${text}, ${quoteText(CLOCK_PATTERN)}) THEN CASE ${part(1)} WHEN '-' THEN -(${fine}) ELSE ${fine} END END`;
}

/** Markers such as -999 that the user names. */
function withoutNumbers(source: string, { missing }: ValueFormat): string {
  const numbers = (missing ?? []).filter((text) => text === String(Number(text)));
  return numbers.length > 0
    ? `CASE WHEN NOT list_contains([${numbers.join(", ")}]::DOUBLE[], ${source}) THEN ${source} END`
    : source;
}

function cleanNumber(text: string, { unit, strip, decimal }: ValueFormat): string {
  let cleaned = unit ? withoutUnit(text, unit) : text;
  for (const character of strip ?? "") cleaned = `replace(${cleaned}, ${quoteText(character)}, '')`;
  return decimal === "," ? `replace(${cleaned}, ',', '.')` : cleaned;
}

function withoutUnit(text: string, unit: string): string {
  const length = Array.from(unit).length;
  return (
    `CASE WHEN suffix(${text}, ${quoteText(unit)}) ` +
    `THEN rtrim(left(${text}, length(${text}) - ${length}), ${quoteText(WHITE_SPACE)}) ELSE ${text} END`
  );
}

/** Texts of ASCII alone, of which bytes and characters are equally many, have no such characters. */
function halfWidth(text: string): string {
  const narrow = `translate(${text}, ${quoteText(FULL_WIDTH)}, ${quoteText(HALF_WIDTH)})`;
  return `CASE WHEN strlen(${text}) = length(${text}) THEN ${text} ELSE ${narrow} END`;
}

function plainSign(text: string): string {
  const signed = `replace(${text}, ${quoteText(MINUS_SIGN)}, '-')`;
  return `regexp_replace(${signed}, ${quoteText(ACCOUNTING_PATTERN)}, ${quoteText(String.raw`-\1`)})`;
}

const castNumber = (text: string): string => `TRY_CAST(${text} AS DOUBLE)`;

/** White space, digit groups, exponents, `inf` and `nan`: where DuckDB's cast takes more than NUMBER_PATTERN does. */
const DOUBTFUL = String.raw`[eEnN_\x09-\x0d ]`;

/** DOUBLE of a text under NUMBER_PATTERN, else NULL; NULL beyond the range of a double. */
function plainNumber(text: string): string {
  // CASE, not nullif: that repeats its argument, and so the work.
  return `CASE WHEN regexp_matches(${text}, ${quoteText(NUMBER_PATTERN)}) AND isfinite(${castNumber(text)}) THEN ${castNumber(text)} END`;
}

function booleanExpression(source: string, storage: StorageType, format: ValueFormat): string {
  if (storage === "boolean") return source;
  if (storage === "number") return `CASE ${source} WHEN 1 THEN true WHEN 0 THEN false END`;
  if (storage !== "text") return "CAST(NULL AS BOOLEAN)";
  const yes = format.trueText ?? DEFAULT_TRUE_TEXT;
  const no = format.falseText ?? DEFAULT_FALSE_TEXT;
  const taken = new Set([...yes, ...no, ...(format.missing ?? []), ...MISSING_MARKERS]);
  const plain = (texts: string[]): string[] => texts.filter((text) => !taken.has(text));
  return (
    `CASE WHEN ${isOneOf(lowered(source), [...yes, ...plain(["true", "1"])])} THEN true ` +
    `WHEN ${isOneOf(lowered(source), [...no, ...plain(["false", "0"])])} THEN false END`
  );
}

function datetimeExpression(source: string, storage: StorageType, format: ValueFormat): string {
  const pattern = format.datetime ?? "iso";
  if (storage === "datetime") return source;
  const fromNumber = (number: string): string =>
    `make_timestamp_ms(CAST(floor(${pattern === "epoch-s" ? `${number} * 1000` : number}) AS BIGINT))`;
  if (storage === "number" && isDigitPattern(pattern)) {
    return patternTimestamp(`CAST(CAST(${source} AS BIGINT) AS VARCHAR)`, pattern);
  }
  if (storage === "number") return `CASE WHEN abs(${source}) < 2e14 THEN ${fromNumber(source)} END`;
  if (storage !== "text") return "CAST(NULL AS TIMESTAMP)";
  const text = trimmed(source);
  if (pattern === "iso") return `coalesce(${usualTimestamp(source)}, ${isoTimestamp(text)})`;
  if (pattern.startsWith("epoch-")) {
    return `coalesce(${fromNumber(plainNumber(text))}, ${isoTimestamp(text)})`;
  }
  return `coalesce(${patternTimestamp(text, pattern)}, ${isoTimestamp(text)})`;
}

/** A plain day or second, which the cast reads as it is, at a fraction of the work. */
function usualTimestamp(source: string): string {
  const shape =
    `CASE strlen(${source}) WHEN 10 THEN ${source} GLOB ${quoteText(DAY_GLOB)} ` +
    `WHEN 19 THEN ${source} GLOB ${quoteText(SECOND_GLOB)} END`;
  return `CASE WHEN ${shape} AND NOT starts_with(${source}, '0000') THEN TRY_CAST(${source} AS TIMESTAMP) END`;
}

const DIGIT_GLOB = "[0-9]";
const DAY_GLOB = "####-##-##".replaceAll("#", DIGIT_GLOB);
const SECOND_GLOB = `${DAY_GLOB}[ T]${"##:##:##".replaceAll("#", DIGIT_GLOB)}`;

function isoTimestamp(text: string): string {
  // Valid, but not to DuckDB's cast: a comma before the fraction, a blank before the zone, a zone after minutes.
  const zone = String.raw`(Z|[+-]\d{2}:?(?:\d{2})?)$`;
  const close = String.raw`regexp_replace(replace(${text}, ',', '.'), ' ?${zone}', '\1')`;
  const plain = String.raw`regexp_replace(${close}, '([T ]\d{1,2}:\d{2})${zone}', '\1:00\2')`;
  return (
    `CASE WHEN regexp_matches(${text}, ${quoteText(ISO_PATTERN)}) AND NOT starts_with(${text}, '0000') ` +
    `THEN date_trunc('milliseconds', CAST(TRY_CAST(${plain} AS TIMESTAMPTZ) AS TIMESTAMP)) END`
  );
}

function patternTimestamp(text: string, pattern: string): string {
  const parsed = `try_strptime(${text}, ${quoteText(pattern)})`;
  return (
    `CASE WHEN regexp_matches(${text}, ${quoteText(patternExpression(pattern))}, 'i') ` +
    `AND ${parsed} >= TIMESTAMP '0001-01-01' THEN ${parsed} END`
  );
}

function vectorExpression(source: string, storage: StorageType, { width }: ValueFormat): string {
  if (storage !== "vector" && storage !== "text") return "CAST(NULL AS FLOAT[])";
  // DuckDB reads more as a list than JSON does; letters other than the exponent's mean null, text, nan.
  const isList = `json_valid(${source}) AND NOT regexp_matches(${source}, '[a-df-zA-DF-Z"]')`;
  const list = storage === "vector" ? source : `CASE WHEN ${isList} THEN TRY_CAST(${source} AS FLOAT[]) END`;
  return width === undefined ? list : `CASE WHEN len(${list}) = ${width} THEN ${list} END`;
}

function categoryExpression(
  source: string,
  storage: StorageType,
  format: ValueFormat,
  numeric: boolean,
): string {
  if (storage !== "text") return withoutMarkers(asText(source, storage), asText(source, storage), format);
  const text = trimmed(source);
  const number = plainNumber(text);
  const canonical = numeric ? `coalesce(${numberText(number)}, ${text})` : text;
  return `nullif(${withoutMarkers(source, canonical, format)}, '')`;
}

function withoutMarkers(source: string, value: string, { missing }: ValueFormat): string {
  return missing?.length ? `CASE WHEN NOT ${isOneOf(lowered(source), missing)} THEN ${value} END` : value;
}

function asText(source: string, storage: StorageType): string {
  if (storage === "number") return numberText(source);
  if (storage === "datetime") return `strftime(${source}, '%Y-%m-%dT%H:%M:%S.%gZ')`;
  return `CAST(${source} AS VARCHAR)`;
}

/** The shortest text of a number; `3`, not `3.0`. */
function numberText(number: string): string {
  return (
    `CASE WHEN ${number} = trunc(${number}) AND abs(${number}) < 1e15 ` +
    `THEN CAST(CAST(${number} AS BIGINT) AS VARCHAR) ELSE CAST(${number} AS VARCHAR) END`
  );
}
