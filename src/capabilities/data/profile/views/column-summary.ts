import { formatPercent } from "../../../../foundation/base/number-text.js";
import type { ColumnProfile } from "../../../../foundation/contracts/profile.js";
import { timeText } from "../value-text.js";

/** Five significant digits; whole numbers in full, with separators; powers of ten only when very large or small. */
export function figure(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9 || (size > 0 && size < 1e-4)) return value.toExponential(3).replace(/\.?0+e/, "e");
  const rounded = Number.isInteger(value) ? value : Number(value.toPrecision(5));
  return rounded.toLocaleString("en-US", { maximumFractionDigits: 8 });
}

/** A day, or a moment where the range is short. */
export function moment(epochMs: number): string {
  return timeText(epochMs).slice(0, 16).replace("T", " ").replace(" 00:00", "");
}

/** The column's values in a few words: a range and its middle, the commonest values, lengths. */
export function valueSummary(column: ColumnProfile): string {
  const { number, datetime, text, top } = column;
  if (column.count === 0) return "–";
  if (number) return `${figure(number.min)} … ${figure(number.quantiles.p50)} … ${figure(number.max)}`;
  if (datetime) return `${moment(datetime.min)} … ${moment(datetime.max)}`;
  const base = column.topSampleRows ?? column.count;
  if (text && !top)
    return `${figure(text.minLength)} … ${figure(text.meanLength)} … ${figure(text.maxLength)} characters`;
  if (!top) return "";
  return top
    .slice(0, 3)
    .map(({ value, count }) => `${value} ${formatPercent(count / base, 0)}`)
    .join(", ");
}

const BARS = "▁▂▃▄▅▆▇█";

/** A line of bars, at most `width` characters: of the histogram, or of the commonest values. */
export function sparkline(column: ColumnProfile, width: number): string {
  const histogram = (column.number ?? column.datetime)?.histogram.counts;
  const counts = histogram
    ? merge(histogram, width)
    : (column.top ?? []).slice(0, width).map(({ count }) => count);
  const highest = Math.max(0, ...counts);
  if (highest === 0 || counts.length < 2) return "";
  return counts
    .map((count) =>
      count === 0 ? " " : BARS[Math.min(BARS.length - 1, Math.floor((count / highest) * BARS.length))],
    )
    .join("");
}

/** Adds up neighbouring bins until no more than `width` are left. */
function merge(counts: readonly number[], width: number): number[] {
  const step = Math.ceil(counts.length / width);
  const merged: number[] = [];
  for (let i = 0; i < counts.length; i += step) {
    merged.push(counts.slice(i, i + step).reduce((sum, count) => sum + count, 0));
  }
  return merged;
}
