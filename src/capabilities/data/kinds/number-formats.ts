import { parseNumber, plainSign, type ValueFormat } from "../../../foundation/base/values.js";

/** A way of writing numbers beyond the plain one. */
export interface NumberReading {
  readonly format: ValueFormat;
  /** For the reason: "thousands separators and a currency sign". */
  readonly description: string;
}

/** Not `Rs.`, whose point would be taken for that of a fraction. */
const CURRENCY = /[$€£¥￥₩₹元円]|RMB|CNY|USD|EUR|GBP|JPY|Rs(?!\.)/gi;
const SPACES = "   ";

/**
 * The one way in which (nearly) all texts are numbers, if there is one. `1.234` alone is a plain number;
 * a comma is a decimal comma unless every group after it has three digits.
 */
export function proposeNumberReading(texts: readonly string[]): NumberReading | undefined {
  const trimmed = texts.map((text) => text.trim()).filter((text) => !Number.isNaN(parseNumber(text)));
  if (trimmed.length === 0) return undefined;
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
  const spaced = trimmed.some((text) => /\d[   ]\d/.test(text));
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
  !/\d[   ]\d/.test(text) || /\d[   ]\d{3}(?!\d)/.test(text);

interface Separators {
  readonly thousands: string;
  readonly decimal: "." | ",";
}

const PLAIN = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;
const POINT = /^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/;
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
