/** Terminal columns. East Asian wide and full-width characters and emoji take two, combining marks none. */

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1f64f}\u{1f680}-\u{1f6ff}\u{1f900}-\u{1f9ff}\u{20000}-\u{3fffd}]/u;
const NO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}]/u;

/** Columns a terminal uses for the text. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += characterWidth(character);
  return width;
}

function characterWidth(character: string): number {
  if (character >= " " && character <= "~") return 1;
  if (NO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** One line without control characters, so that no value in the data can steer the terminal. */
export function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, " ");
}

/** At most `width` columns; what is cut is marked by an ellipsis. */
export function cutTo(text: string, width: number): string {
  if (width <= 0) return "";
  const plain = printable(text);
  if (displayWidth(plain) <= width) return plain;
  let kept = "";
  let used = 0;
  for (const character of plain) {
    used += characterWidth(character);
    if (used > width - 1) break;
    kept += character;
  }
  return `${kept}…`;
}

/** Filled with blanks to exactly `width` columns. */
export function pad(text: string, width: number, align: "left" | "right" = "left"): string {
  const fitted = cutTo(text, width);
  const blanks = " ".repeat(Math.max(0, width - displayWidth(fitted)));
  return align === "left" ? fitted + blanks : blanks + fitted;
}

/** Lines of at most `width` columns, broken at blanks, or anywhere in scripts without blanks. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of printable(text).split(" ")) {
    const joined = line === "" ? word : `${line} ${word}`;
    if (displayWidth(joined) <= width) {
      line = joined;
      continue;
    }
    if (line !== "") lines.push(line);
    line = word;
    while (displayWidth(line) > width) {
      const head = cutTo(line, width).slice(0, -1);
      lines.push(head);
      line = line.slice(head.length);
    }
  }
  return line === "" ? lines : [...lines, line];
}
