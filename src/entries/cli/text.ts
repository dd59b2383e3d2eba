/** Small text helpers for people: aligned tables that know the width of Chinese characters. */

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

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/** Columns a terminal uses for the text. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Control characters of untrusted names could rewrite the terminal: they are shown escaped. */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f]/g, (character) => JSON.stringify(character).slice(1, -1));
}

export function textTable(
  headings: readonly string[],
  rows: readonly (readonly string[])[],
  alignRight: ReadonlySet<number> = new Set(),
): string {
  const cells = [headings, ...rows].map((row) => row.map(printable));
  const widths = headings.map((_, k) => Math.max(...cells.map((row) => displayWidth(row[k] ?? ""))));
  const pad = (text: string, k: number): string => {
    const space = " ".repeat(Math.max(0, widths[k]! - displayWidth(text)));
    return alignRight.has(k) ? space + text : text + space;
  };
  return cells
    .map((row) =>
      row
        .map((text, k) => pad(text, k))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
