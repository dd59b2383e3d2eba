/** Numbers as people read them. Digits and separators are the same in both languages. */
import { formatSpecial, withMinus } from "../../foundation/base/number-text.js";

export { formatPercent, withMinus } from "../../foundation/base/number-text.js";

/** Whole number with thin grouping: 48,842. */
export function formatCount(value: number): string {
  return Number.isFinite(value) ? withMinus(Math.round(value).toLocaleString("en-US")) : formatSpecial(value);
}

/** `digits` significant digits, without trailing zeros, in scientific form only when very large or small. */
export function formatNumber(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return formatSpecial(value);
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1e9 || size < 1e-4)
    return withMinus(value.toExponential(Math.max(0, digits - 1)).replace(/\.?0+e/, "e"));
  if (size >= 10 ** (digits - 1)) return formatGrouped(value, 0);
  return formatGrouped(Number(value.toPrecision(digits)), Math.min(12, digits + 4));
}

/** A fixed number of decimals: metrics in one table line up. */
export function formatFixed(value: number, decimals = 4): string {
  return Number.isFinite(value) ? withMinus(value.toFixed(decimals)) : formatSpecial(value);
}

export function formatBytes(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  const step = bytes > 0 ? Math.min(units.length - 1, Math.floor(Math.log(bytes) / Math.log(1000))) : 0;
  return `${formatNumber(bytes / 1000 ** step, 3)} ${units[step]}`;
}

export function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return formatSpecial(seconds);
  if (seconds < 1) return `${formatNumber(seconds * 1000, 3)} ms`;
  if (seconds < 120) return `${formatNumber(seconds, 3)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 120
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${formatNumber(seconds / 3600, 3)} h`;
}

/** UTC, to the second: 2026-01-31 12:00:00 UTC. */
export function formatTime(epochMs: number): string {
  const date = new Date(epochMs);
  if (Number.isNaN(date.getTime())) return "–";
  return `${date.toISOString().slice(0, 19).replace("T", " ")} UTC`;
}

function formatGrouped(value: number, decimals: number): string {
  return withMinus(value.toLocaleString("en-US", { maximumFractionDigits: decimals }));
}
