import {
  halfWidth,
  parseClock,
  parseNumber,
  plainSign,
  type ValueFormat,
  withoutUnit,
} from "../../../foundation/base/values.js";

/** A way of writing numbers beyond the plain one. */
export interface NumberReading {
  readonly format: ValueFormat;
  /** For the reason: "thousands separators and a currency sign". */
  readonly description: string;
}

/** Not `Rs.`, whose point would be taken for that of a fraction. */
const CURRENCY = /[$€£¥￥₩₹元円]|RMB|CNY|USD|EUR|GBP|JPY|Rs(?!\.)/gi;
const CURRENCY_NAME = new RegExp(`^(${CURRENCY.source})$`, "i");
/** Escaped: they look alike. French and Swedish texts group digits by those that do not break. */
const SPACES = " \u00a0\u202f";

/**
 * The one way in which (nearly) all texts are numbers, if there is one. `1.234` alone is a plain number;
 * a comma is a decimal comma unless every group after it has three digits.
 */
export function proposeNumberReading(texts: readonly string[]): NumberReading | undefined {
  const written = texts.map((text) => text.trim()).filter((text) => !Number.isNaN(parseNumber(text)));
  const present = written.map(halfWidth);
  if (present.length === 0) return undefined;
  if (present.filter(isClock).length >= present.length * CLOCK_SHARE) {
    return { format: { clock: true }, description: CLOCKS };
  }
  const unit = unitOf(present);
  if (unit === undefined) return readingOf(present);
  const reading = readingOf(present.map((text) => withoutUnit(text, unit)));
  return (
    reading && {
      format: { unit, ...reading.format },
      description: `${reading.description}, each with the unit ${JSON.stringify(unit)}`,
    }
  );
}

const CLOCK_SHARE = 0.95;
const CLOCKS = "durations or times of day (1:30:00 is read as 5400, 1:30 as 90)";
const isClock = (text: string): boolean => parseClock(plainSign(text)) !== undefined;

const UNIT = /^[+-]?[\d.,'’ \u00a0\u202f]*\d[.]?\s*([\p{L}°µ℃℉²³][\p{L}°µ℃℉²³/·*.^-]{0,11})$/u;
const UNIT_SHARE = 0.95;

/** What stands behind (nearly) every number: `kg`, `km/h`, `岁`. An ordinal (`1st`) or a code (`A1`) has none. */
function unitOf(texts: readonly string[]): string | undefined {
  const unit = UNIT.exec(texts.find((text) => UNIT.test(text)) ?? "")?.[1];
  if (unit === undefined || CURRENCY_NAME.test(unit)) return undefined;
  // Leading zeros: names more often than amounts.
  if (texts.some((text) => /^0\d/.test(text))) return undefined;
  const measured = texts.filter((text) => UNIT.exec(text)?.[1] === unit).length;
  return measured >= texts.length * UNIT_SHARE ? unit : undefined;
}

function readingOf(trimmed: readonly string[]): NumberReading | undefined {
  const currencies = new Set(trimmed.flatMap((text) => text.match(CURRENCY) ?? []));
  const percent = trimmed.filter((text) => /%\)?$/.test(text)).length;
  if (percent > 0 && percent < trimmed.length * 0.95) return undefined;
  const affixes = [...currencies].join("") + (percent > 0 ? "%" : "");
  const unsigned = trimmed.map((text) => without(text, affixes + SPACES));
  const bare = unsigned.map(plainSign);
  const inParentheses = unsigned.filter((text) => text.startsWith("(")).length;
  // Where every text stands in parentheses they are no sign.
  if (inParentheses === unsigned.length) return undefined;
  const separators = separatorsOf(bare);
  if (!separators) return undefined;
  const spaced = trimmed.some((text) => /\d[ \u00a0\u202f]\d/.test(text));
  if (spaced && !trimmed.every(isGroupedBySpaces)) return undefined;
  const blanks = [...SPACES].filter((blank) => trimmed.some((text) => text.includes(blank))).join("");
  const strip = distinctCharacters(affixes + separators.thousands + blanks);
  const description = describeReading(
    currencies.size > 0,
    percent > 0,
    separators,
    spaced,
    inParentheses > 0,
  );
  return {
    format: {
      ...(strip ? { strip } : {}),
      ...(separators.decimal === "," ? { decimal: "," as const } : {}),
      ...(percent > 0 ? { scale: 0.01 } : {}),
    },
    description,
  };
}

const without = (text: string, characters: string): string =>
  [...text].filter((character) => !characters.includes(character)).join("");
const distinctCharacters = (text: string): string => [...new Set(text)].join("");
const isGroupedBySpaces = (text: string): boolean =>
  !/\d[ \u00a0\u202f]\d/.test(text) || /\d[ \u00a0\u202f]\d{3}(?!\d)/.test(text);

interface Separators {
  readonly thousands: string;
  readonly decimal: "." | ",";
}

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
/** Groups of three, or as in India: three, then twos (`1,23,456`). */
const POINT = /^[+-]?(\d{1,3}(,\d{3})+|\d{1,2}(,\d{2})+,\d{3})(\.\d*)?$/;
const COMMA = /^[+-]?(\d{1,3}(\.\d{3})+|\d+)(,\d*)?$/;
const APOSTROPHE = /^[+-]?\d{1,3}(['’]\d{3})+(\.\d*)?$/;

function separatorsOf(bare: readonly string[]): Separators | undefined {
  const most = (test: (text: string) => boolean): boolean => bare.filter(test).length >= bare.length * 0.95;
  if (most((text) => PLAIN.test(text))) return { thousands: "", decimal: "." };
  if (most((text) => PLAIN.test(text) || POINT.test(text))) return { thousands: ",", decimal: "." };
  if (most((text) => PLAIN.test(text) || APOSTROPHE.test(text))) return { thousands: "'’", decimal: "." };
  if (most((text) => COMMA.test(text))) return { thousands: ".", decimal: "," };
  return undefined;
}

function describeReading(
  currency: boolean,
  percent: boolean,
  { thousands, decimal }: Separators,
  spaced: boolean,
  parentheses: boolean,
): string {
  const parts = [
    ...(currency ? ["a currency"] : []),
    ...(percent ? ["a percent sign (10% is read as 0.1)"] : []),
    ...(parentheses ? ["parentheses around what is below zero"] : []),
    ...(decimal === "," ? ["a decimal comma"] : thousands || spaced ? ["thousands separators"] : []),
  ];
  return parts.length > 0 ? `numbers with ${parts.join(" and ")}` : "numbers";
}
