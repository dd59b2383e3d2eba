import { displayWidth, pad, printable } from "../../foundation/base/terminal-text.js";

export function formatDuration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${Math.round(seconds % 60)} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export function formatNumber(value: number | null | undefined, digits = 4): string {
  if (value === null || value === undefined || Number.isNaN(value)) return "-";
  if (Number.isInteger(value) && Math.abs(value) < 1e15) return String(value);
  const size = Math.abs(value);
  return size >= 1e6 || size < 1e-4
    ? value.toExponential(3)
    : Number(value.toPrecision(digits + 2)).toFixed(size >= 100 ? 2 : digits);
}

/** Aligned columns; a cell is made one line. */
export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  alignRight: ReadonlySet<number> = new Set(),
): string {
  const cells = [headings, ...rows].map((row) => row.map(printable));
  const widths = headings.map((_, k) => Math.max(...cells.map((row) => displayWidth(row[k] ?? ""))));
  return cells
    .map((row) =>
      row
        .map((text, k) => pad(text, widths[k]!, alignRight.has(k) ? "right" : "left"))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
