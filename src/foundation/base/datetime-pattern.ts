/**
 * Times in text: `iso` (ISO 8601 and its common variants), or a strptime pattern of
 * %Y %y %m %d %b %B %H %I %M %S %p and literal characters. Times without a zone are UTC.
 */

/**
 * Year-month-day, optionally a time, a fraction and a zone; also valid as an RE2 expression.
 * Groups: year, month, day, hour, minute, second, fraction, zone.
 */
export const ISO_PATTERN = String.raw`^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(?: ?(Z|[+-](?:0\d|1[0-5])(?::?[0-5]\d)?))?)?$`;
const isoExpression = new RegExp(ISO_PATTERN);

const MONTHS = [
  ...["january", "february", "march", "april", "may", "june"],
  ...["july", "august", "september", "october", "november", "december"],
];

interface Field {
  readonly expression: string;
  readonly name: "year" | "shortYear" | "month" | "day" | "hour" | "minute" | "second" | "monthName" | "half";
}

const FIELDS: Readonly<Record<string, Field>> = {
  Y: { expression: String.raw`(\d{4})`, name: "year" },
  y: { expression: String.raw`(\d{2})`, name: "shortYear" },
  m: { expression: String.raw`(\d{1,2})`, name: "month" },
  d: { expression: String.raw`(\d{1,2})`, name: "day" },
  H: { expression: String.raw`(\d{1,2})`, name: "hour" },
  I: { expression: String.raw`(\d{1,2})`, name: "hour" },
  M: { expression: String.raw`(\d{1,2})`, name: "minute" },
  S: { expression: String.raw`(\d{1,2})`, name: "second" },
  b: { expression: `(${MONTHS.map((month) => month.slice(0, 3)).join("|")})`, name: "monthName" },
  B: { expression: `(${MONTHS.join("|")})`, name: "monthName" },
  p: { expression: "(am|pm)", name: "half" },
};

interface CompiledPattern {
  readonly expression: RegExp;
  readonly fields: readonly Field["name"][];
}
const compiled = new Map<string, CompiledPattern>();

/**
 * The regular expression a text must match for `pattern`, with one group for each field in order; matched
 * without case. Also valid as an RE2 expression.
 * @throws Error on a directive outside the list above: a bug of the caller.
 */
export function patternExpression(pattern: string): string {
  // Where fields touch (%Y%m%d), each has its full width.
  const touching = /%.%/.test(pattern);
  return `^${pattern.replace(/%(.)|[.*+?^$()|[\]{}\\]/g, (match, directive?: string) => {
    if (directive === undefined) return `\\${match}`;
    const field = FIELDS[directive];
    if (!field)
      throw new Error(`Unknown directive ${match} in the datetime pattern ${JSON.stringify(pattern)}.`);
    return touching ? field.expression.replace(String.raw`\d{1,2}`, String.raw`\d{2}`) : field.expression;
  })}$`;
}

function compile(pattern: string): CompiledPattern {
  let entry = compiled.get(pattern);
  if (!entry) {
    const fields = [...pattern.matchAll(/%(.)/g)].map((match) => FIELDS[match[1]!]!.name);
    entry = { expression: new RegExp(patternExpression(pattern), "i"), fields };
    compiled.set(pattern, entry);
  }
  return entry;
}

/** Epoch milliseconds; undefined where the text does not match, or names no day of the calendar (years 1-9999). */
export function parseDatetimeText(text: string, pattern: string): number | undefined {
  if (pattern === "iso" || pattern.startsWith("epoch-")) return parseIso(text);
  const { expression, fields } = compile(pattern);
  const match = expression.exec(text);
  if (!match) return undefined;
  const parts: Partial<Record<Field["name"], string>> = {};
  for (const [index, name] of fields.entries()) parts[name] = match[index + 1]!.toLowerCase();
  const hour = hourOf(parts.hour, parts.half);
  if (hour === undefined) return undefined;
  const month = parts.monthName
    ? MONTHS.findIndex((name) => name.startsWith(parts.monthName!)) + 1
    : Number(parts.month ?? 1);
  return epochMilliseconds(
    yearOf(parts.year, parts.shortYear),
    month,
    Number(parts.day ?? 1),
    hour,
    Number(parts.minute ?? 0),
    Number(parts.second ?? 0),
  );
}

/** Two digits: 69-99 are 19xx, 00-68 are 20xx (POSIX). */
function yearOf(year: string | undefined, shortYear: string | undefined): number {
  if (shortYear === undefined) return Number(year ?? 1970);
  const number = Number(shortYear);
  return number >= 69 ? 1900 + number : 2000 + number;
}

function hourOf(hour: string | undefined, half: string | undefined): number | undefined {
  const number = Number(hour ?? 0);
  if (half === undefined) return number;
  if (number < 1 || number > 12) return undefined;
  return (number % 12) + (half === "pm" ? 12 : 0);
}

function parseIso(text: string): number | undefined {
  const match = isoExpression.exec(text);
  if (!match) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = match;
  const endOfDay = isEndOfDay(hour, minute, second, fraction);
  const base = epochMilliseconds(
    Number(year),
    Number(month),
    Number(day),
    endOfDay ? 0 : Number(hour ?? 0),
    Number(minute ?? 0),
    Number(second ?? 0),
  );
  if (base === undefined) return undefined;
  const inDay = endOfDay ? DAY_MILLISECONDS : Number((fraction ?? "").padEnd(3, "0").slice(0, 3));
  return base + inDay - zoneMinutes(zone) * 60_000;
}

const DAY_MILLISECONDS = 86_400_000;

/** 24:00:00 is the midnight that ends a day (ISO 8601-1, amendment 1 of 2022); to the microsecond, as in SQL. */
function isEndOfDay(hour?: string, minute?: string, second?: string, fraction?: string): boolean {
  return hour === "24" && minute === "00" && /^0*$/.test((second ?? "") + (fraction ?? "").slice(0, 6));
}

function zoneMinutes(zone: string | undefined): number {
  if (zone === undefined || zone === "Z") return 0;
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(-2)) * (zone.length > 3 ? 1 : 0);
  return (zone[0] === "-" ? -1 : 1) * (hours * 60 + minutes);
}

function epochMilliseconds(
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  second: number,
): number | undefined {
  if (year < 1 || hour > 23 || minute > 59 || second > 59 || month < 1 || month > 12 || day < 1)
    return undefined;
  // setUTCFullYear, because Date.UTC maps the years 0-99 to 19xx.
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  return date.setUTCHours(hour, minute, second);
}
