/** The words and numbers findings are written with. */
import { shortPercent } from "../../../foundation/base/number-text.js";

/** A column name or value in quotes, on one line, shortened. */
export function quote(text: string): string {
  const short = text.length > 60 ? `${[...text.slice(0, 120)].slice(0, 59).join("")}…` : text;
  return JSON.stringify(short);
}

export function formatCount(value: number): string {
  return value.toLocaleString("en-US");
}

/** 0.123 -> "12.3%"; tiny shares keep a digit; never rounds up to a whole that it is not. */
export function percent(share: number): string {
  const value = share * 100;
  if (value > 0 && value < 0.1) return "under 0.1%";
  if (value > 99.9 && value < 100) return "over 99.9%";
  return shortPercent(share);
}

export function rows(count: number): string {
  return count === 1 ? "1 row" : `${formatCount(count)} rows`;
}

/** "12 of 340 rows (3.5%)" */
export function rowsOf(count: number, total: number): string {
  return `${formatCount(count)} of ${rows(total)} (${percent(total === 0 ? 0 : count / total)})`;
}

/** Four significant digits; whole numbers in full, with separators. */
export function formatNumber(value: number): string {
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return formatCount(value);
  const rounded = Number(value.toPrecision(4));
  return Math.abs(rounded) >= 1000 && Math.abs(rounded) < 1e15 ? formatCount(rounded) : String(rounded);
}
