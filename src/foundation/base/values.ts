/**
 * How the text of one cell becomes a value: the single definition used at training, by the server and in the
 * browser. `engines/table` repeats it in SQL for whole columns; property tests keep the two equal.
 *
 * Parsers return the value, NaN for missing, or `undefined` for a value that is present but not of the kind.
 * A cell is a text, or what JSON holds: number, boolean, null, array.
 */
import { parseDatetimeText } from "./datetime-pattern.js";

/** The part of a column's schema that says how its source writes values. */
export interface ValueFormat {
  /** Texts (trimmed, lower case) that mean "missing", beside the empty text. */
  readonly missing?: readonly string[] | undefined;
  readonly strip?: string | undefined;
  /** A unit behind every number, without the blanks before it: `kg`. */
  readonly unit?: string | undefined;
  readonly decimal?: "." | "," | undefined;
  /** Durations and times of day, `1:30:00`, in units of the last part. */
  readonly clock?: boolean | undefined;
  readonly scale?: number | undefined;
  readonly datetime?: string | undefined;
  readonly trueText?: readonly string[] | undefined;
  readonly falseText?: readonly string[] | undefined;
  readonly width?: number | undefined;
}

/** How programs write numbers that are not finite. */
export const INFINITE: readonly string[] = ["inf", "infinity", "∞"].flatMap((text) => [
  text,
  `+${text}`,
  `-${text}`,
]);

/**
 * Texts that stand for "no value" in numbers, booleans and datetimes, where none of them can be a value.
 * Lower case. In categories they count only where the column's schema lists them.
 */
export const MISSING_MARKERS: readonly string[] = [
  ...["na", "n/a", "n.a.", "#n/a", "#na", "<na>", "nan", "-nan", "null", "nil", "none", "nat", "missing"],
  // No model takes what is not finite.
  ...INFINITE,
  ...["unknown", "?", "-", "--", "---", "—", ".", "\\n", "#value!", "#ref!", "#div/0!", "#null!", "#num!"],
  ...["无", "空", "缺失", "暂无", "未知", "不详", "没有"],
];
const markerSet: ReadonlySet<string> = new Set(MISSING_MARKERS);

/** Characters that `String.prototype.trim` removes, for engines that must do the same. */
export const WHITE_SPACE =
  "\t\n\v\f\r \u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a" +
  "\u2028\u2029\u202f\u205f\u3000\ufeff";

/** A plain decimal number; also valid as an RE2 expression. Excludes `inf`, `nan`, hexadecimal, `1_000`. */
export const NUMBER_PATTERN = String.raw`^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$`;
const numberExpression = new RegExp(NUMBER_PATTERN);

export const DEFAULT_TRUE_TEXT: readonly string[] = ["true", "yes", "y", "t", "1", "on", "是", "真", "有"];
export const DEFAULT_FALSE_TEXT: readonly string[] = ["false", "no", "n", "f", "0", "off", "否", "假", "无"];

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === "" || (typeof value === "number" && Number.isNaN(value));

/** Missing in a column whose values cannot look like a marker. */
export function isMissingText(trimmed: string, format: ValueFormat): boolean {
  if (trimmed === "") return true;
  const lower = trimmed.toLowerCase();
  return markerSet.has(lower) || (format.missing?.includes(lower) ?? false);
}

/** Finite, NaN = missing, undefined = not a number (also one beyond the range of a double). */
export function parseNumber(value: unknown, format: ValueFormat = {}): number | undefined {
  if (isNothing(value)) return Number.NaN;
  if (typeof value === "number") {
    // A number can be a marker as well: -999.
    if (format.missing?.includes(String(value))) return Number.NaN;
    return Number.isFinite(value) ? value : undefined;
  }
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "bigint") return Number(value);
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  if (isMissingText(trimmed, format)) return Number.NaN;
  if (format.clock) return parseClock(plainSign(halfWidth(trimmed)));
  const number = parsePlainNumber(cleanNumber(trimmed, format));
  return number === undefined || format.scale === undefined ? number : number * format.scale;
}

function cleanNumber(text: string, { unit, strip, decimal }: ValueFormat): string {
  let cleaned = withoutUnit(halfWidth(text), unit);
  if (strip) for (const character of strip) cleaned = cleaned.replaceAll(character, "");
  return plainSign(decimal === "," ? cleaned.replaceAll(",", ".") : cleaned);
}

/** As Chinese and Japanese input methods write numbers, and what each character stands for. */
export const FULL_WIDTH = "０１２３４５６７８９．，＋－％（）：";
export const HALF_WIDTH = "0123456789.,+-%():";
const fullWidthCharacter = new RegExp(`[${FULL_WIDTH}]`, "g");

/** `123.5` for `１２３．５`. */
export function halfWidth(text: string): string {
  return text.replace(fullWidthCharacter, (found) => HALF_WIDTH[FULL_WIDTH.indexOf(found)]!);
}

/** Without the unit at its end, and the blanks before that. */
export function withoutUnit(text: string, unit: string | undefined): string {
  return unit && text.endsWith(unit) ? text.slice(0, -unit.length).trimEnd() : text;
}

/** A number in parentheses, as accountants write what is below zero. */
export const ACCOUNTING_PATTERN = String.raw`^\(([^()]*)\)$`;
const accountingExpression = new RegExp(ACCOUNTING_PATTERN);
export const MINUS_SIGN = "\u2212";

/** `-5` for `(5)`, and for a five behind the true minus sign (U+2212). */
export function plainSign(text: string): string {
  return text.replaceAll(MINUS_SIGN, "-").replace(accountingExpression, "-$1");
}

/** Also one beyond the range of a double. */
export const spellsNumber = (text: string): boolean => numberExpression.test(text);

/** The number a text spells under `NUMBER_PATTERN`, if it is finite. */
export function parsePlainNumber(text: string): number | undefined {
  if (!spellsNumber(text)) return undefined;
  const number = Number(text);
  return Number.isFinite(number) ? number : undefined;
}

/**
 * Sign, days, and two or three parts of sixty: `7:05`, `1:30:00.5`, `-0:10`, `2 days 03:00:00` as pandas writes it; also
 * valid as an RE2 expression.
 */
export const CLOCK_PATTERN = String.raw`^([+-]?)(?:(\d{1,6}) days?,? )?(\d{1,4}):([0-5]\d)(?::([0-5]\d(?:[.,]\d{1,9})?))?$`;
const clockExpression = new RegExp(CLOCK_PATTERN);

/** In units of the last part: `1:30:00` is 5400 seconds, `1:30` 90 minutes (or seconds, which is the same number). */
export function parseClock(text: string): number | undefined {
  const match = clockExpression.exec(text);
  if (!match) return undefined;
  const [, sign, days = "0", first, second, third] = match;
  const amount = (Number(days) * 24 + Number(first)) * 60 + Number(second);
  const fine = third === undefined ? amount : amount * 60 + Number(third.replace(",", "."));
  return sign === "-" ? -fine : fine;
}

/** 1, 0, NaN = missing, undefined = neither. */
export function parseBoolean(value: unknown, format: ValueFormat = {}): number | undefined {
  if (isNothing(value)) return Number.NaN;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value === "number") return value === 1 ? 1 : value === 0 ? 0 : undefined;
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  const lower = trimmed.toLowerCase();
  if ((format.trueText ?? DEFAULT_TRUE_TEXT).includes(lower)) return 1;
  if ((format.falseText ?? DEFAULT_FALSE_TEXT).includes(lower)) return 0;
  if (isMissingText(trimmed, format)) return Number.NaN;
  // The plain spellings are understood beside the recorded ones: JSON clients send them.
  return lower === "true" || lower === "1" ? 1 : lower === "false" || lower === "0" ? 0 : undefined;
}

/** Patterns whose texts are digits alone, so that a source may have written them as numbers: 20240305. */
export function isDigitPattern(pattern: string): boolean {
  return /^(%[YmdHMS])+$/.test(pattern);
}

/** Epoch milliseconds (whole), NaN = missing, undefined = not a time. Numbers are epoch milliseconds. */
export function parseDatetime(value: unknown, format: ValueFormat = {}): number | undefined {
  if (isNothing(value)) return Number.NaN;
  if (value instanceof Date) return value.getTime();
  const pattern = format.datetime ?? "iso";
  if (typeof value === "number") {
    if (isDigitPattern(pattern)) return parseDatetimeText(String(value), pattern);
    const epochMs = Math.floor(pattern === "epoch-s" ? value * 1000 : value);
    return Number.isFinite(epochMs) ? epochMs : undefined;
  }
  if (typeof value !== "string") return undefined;
  const trimmed = value.trim();
  if (isMissingText(trimmed, format)) return Number.NaN;
  if (pattern === "epoch-s" || pattern === "epoch-ms") {
    const number = parsePlainNumber(trimmed);
    if (number !== undefined) return Math.floor(pattern === "epoch-s" ? number * 1000 : number);
  }
  return parseDatetimeText(trimmed, pattern) ?? parseDatetimeText(trimmed, "iso");
}

/**
 * The canonical text of a category or id: trimmed; a number in its shortest form. "" = missing.
 * `numeric`: texts that spell a number are compared as numbers (`3.0` and `3` are one category).
 */
export function categoryText(value: unknown, format: ValueFormat = {}, numeric = false): string {
  if (isNothing(value)) return "";
  if (typeof value === "object") return JSON.stringify(value);
  const trimmed = String(value).trim();
  if (format.missing?.includes(trimmed.toLowerCase())) return "";
  if (!numeric) return trimmed;
  const number = parsePlainNumber(trimmed);
  return number === undefined ? trimmed : String(number);
}

/** Free text, unchanged. "" = missing. */
export function plainText(value: unknown, format: ValueFormat = {}): string {
  if (isNothing(value)) return "";
  if (typeof value !== "string") return typeof value === "object" ? JSON.stringify(value) : String(value);
  return format.missing?.includes(value.trim().toLowerCase()) ? "" : value;
}

/** Numbers of the given width; an empty array = missing; undefined = not such a vector. */
export function parseVector(value: unknown, format: ValueFormat = {}): readonly number[] | undefined {
  if (isNothing(value)) return [];
  let items = value;
  if (typeof value === "string") {
    if (isMissingText(value.trim(), format)) return [];
    try {
      items = JSON.parse(value);
    } catch {
      return undefined;
    }
  }
  if (!Array.isArray(items) || (format.width !== undefined && items.length !== format.width))
    return undefined;
  return items.every((item) => typeof item === "number" && Number.isFinite(item)) ? items : undefined;
}
