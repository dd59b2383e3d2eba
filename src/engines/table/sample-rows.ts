/** Rows of the beginning of a delimited text, as far as it was read. */

export const SAMPLE_ROWS = 1000;

export function dropLines(text: string, count: number): string {
  let start = 0;
  for (let i = 0; i < count; i++) start = text.indexOf("\n", start) + 1 || text.length;
  return text.slice(start);
}

/** The complete rows of a sample; blank lines left out. */
export function parseRows(text: string, delimiter: string, quote: string, limit = SAMPLE_ROWS): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  let cell = "";
  let quoted = false;
  const endRow = (): void => {
    row.push(cell);
    if (row.length > 1 || row[0] !== "") rows.push(row);
    row = [];
    cell = "";
  };
  for (let i = 0; i < text.length && rows.length < limit; i++) {
    const character = text[i]!;
    if (quoted) {
      if (character !== quote) cell += character;
      else if (text[i + 1] === quote) cell += text[++i]!;
      else quoted = false;
    } else if (character === quote && cell === "") quoted = true;
    else if (character === delimiter) {
      row.push(cell);
      cell = "";
    } else if (character === "\n") endRow();
    else if (character === "\r") {
      if (text[i + 1] !== "\n") endRow();
    } else cell += character;
  }
  return rows;
}
