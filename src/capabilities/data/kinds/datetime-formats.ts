import { parseDatetimeText } from "../../../foundation/base/datetime-pattern.js";
import { parseDatetime } from "../../../foundation/base/values.js";

export interface DatetimeReading {
  readonly pattern: string;
  /** Another pattern reads the texts as well, and differently. */
  readonly ambiguous: boolean;
}

/** In order of preference where several fit. */
const DATES = [
  ...["%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日", "%Y年%m月%d", "%Y年%m月", "%Y-%m", "%Y/%m"],
  ...["%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%m-%d-%Y", "%d-%m-%Y", "%m/%d/%y", "%d/%m/%y", "%d.%m.%y"],
  ...["%d %b %Y", "%d-%b-%Y", "%d-%b-%y", "%b %d, %Y", "%b %d %Y", "%d %B %Y", "%B %d, %Y", "%b-%y", "%b %Y"],
  // ISO days with times of twelve hours, which ISO does not have.
  "%Y-%m-%d",
];
const TIMES = [
  ...["", " %H:%M", " %H:%M:%S", "T%H:%M", "T%H:%M:%S", " %I:%M %p", " %I:%M:%S %p", ", %I:%M %p"],
  ...[" %H时%M分", " %H时%M分%S秒", "%H:%M", "%H:%M:%S"],
];
const COMPACT = ["%Y%m%d", "%Y%m%d%H%M%S"];
const PATTERNS = ["iso", ...DATES.flatMap((date) => TIMES.map((time) => date + time)), ...COMPACT];

const AGREEMENT = 0.95;

/** The pattern under which (nearly) all texts are times, if there is one. */
export function proposeDatetimeReading(
  texts: readonly string[],
  nameSaysTime: boolean,
): DatetimeReading | undefined {
  const trimmed = texts.map((text) => text.trim()).filter((text) => !Number.isNaN(parseDatetime(text)));
  const first = trimmed.slice(0, 50);
  if (first.length === 0) return undefined;
  const fitting = PATTERNS.filter((pattern) => {
    // Eight digits are a date only in a column that says so.
    if (COMPACT.includes(pattern) && !nameSaysTime) return false;
    return share(first, pattern) >= 0.8 && share(trimmed, pattern) >= AGREEMENT;
  }).map((pattern) => ({ pattern, fit: share(trimmed, pattern) }));
  const best = fitting.reduce<(typeof fitting)[number] | undefined>(
    (winner, candidate) => (winner && winner.fit >= candidate.fit ? winner : candidate),
    undefined,
  );
  if (!best) return undefined;
  const ambiguous = fitting.some(
    ({ pattern, fit }) =>
      pattern !== best.pattern &&
      fit === best.fit &&
      trimmed.some((text) => parseDatetimeText(text, pattern) !== parseDatetimeText(text, best.pattern)),
  );
  return { pattern: best.pattern, ambiguous };
}

const share = (texts: readonly string[], pattern: string): number =>
  texts.filter((text) => parseDatetimeText(text, pattern) !== undefined).length / texts.length;

const EARLIEST = Date.UTC(1990, 0, 1);
const LATEST = Date.UTC(2100, 0, 1);

/** Whole numbers between 1990 and 2100 as seconds or milliseconds, in a column that is called a time. */
export function proposeEpoch(min: number, max: number): "epoch-s" | "epoch-ms" | undefined {
  const within = (factor: number): boolean => min * factor >= EARLIEST && max * factor <= LATEST;
  return within(1000) ? "epoch-s" : within(1) ? "epoch-ms" : undefined;
}
