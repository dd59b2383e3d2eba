import {
  DEFAULT_FALSE_TEXT,
  DEFAULT_TRUE_TEXT,
  INFINITE,
  MISSING_MARKERS,
} from "../../../foundation/base/values.js";

export interface WordCount {
  readonly value: string;
  readonly count: number;
}

/** Markers that may well be a value of a category: `none` as "has none", `-` beside `+`. */
const PLAUSIBLE_VALUES = new Set([
  "none",
  "unknown",
  "missing",
  "-",
  "--",
  "---",
  "—",
  ".",
  "无",
  "空",
  "未知",
  "没有",
  "nil",
  ...INFINITE,
]);
const UNPAIRED_PUNCTUATION = new Set(["-", "--", "---", "—", "."]);

/**
 * Which texts of a category mean "missing". `na` counts unless the others are two-letter codes as well
 * (Namibia); a lone dash counts unless a plus sign stands beside it.
 */
export function missingTexts(values: readonly WordCount[]): string[] {
  const lower = new Set(values.map(({ value }) => value.trim().toLowerCase()));
  const others = values
    .map(({ value }) => value.trim())
    .filter((value) => !MISSING_MARKERS.includes(value.toLowerCase()));
  const codes =
    others.length >= 5 && others.filter((value) => /^[A-Z]{2}$/.test(value)).length >= others.length * 0.9;
  return MISSING_MARKERS.filter((marker) => {
    if (!lower.has(marker)) return false;
    if (marker === "na" && codes) return false;
    if (UNPAIRED_PUNCTUATION.has(marker))
      return !lower.has("+") && others.every((value) => /[\p{L}\p{N}]/u.test(value));
    return !PLAUSIBLE_VALUES.has(marker);
  });
}

export interface BooleanReading {
  readonly trueText: readonly string[];
  readonly falseText: readonly string[];
}

/** Words of yes and no, such that nothing else occurs but markers of missing values. */
export function proposeBoolean(values: readonly WordCount[]): BooleanReading | undefined {
  const lower = [...new Set(values.map(({ value }) => value.trim().toLowerCase()))];
  const trueText = DEFAULT_TRUE_TEXT.filter((text) => lower.includes(text));
  const falseText = DEFAULT_FALSE_TEXT.filter((text) => lower.includes(text));
  const other = lower.filter((text) => !trueText.includes(text) && !falseText.includes(text));
  const missing = missingTexts(values);
  if (other.some((text) => text !== "" && !missing.includes(text))) return undefined;
  const single = trueText.length + falseText.length < 2;
  // One letter alone (all "n") says too little; so does 无 without 有.
  if (trueText.length === 0 || falseText.length === 0) {
    if (!single || ![...trueText, ...falseText].some((text) => /^(true|false|yes|no)$/.test(text)))
      return undefined;
  }
  return { trueText, falseText };
}

/** Words of a text; two characters of Chinese, Japanese or Korean count as one. */
export function countWords(text: string): number {
  const ideographs =
    text.match(/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}]/gu)?.length ?? 0;
  const others = text
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== "" && !/^\p{Script=Han}/u.test(word)).length;
  return others + Math.ceil(ideographs / 2);
}
