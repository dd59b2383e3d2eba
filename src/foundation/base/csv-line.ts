/** What a spreadsheet takes for a formula when a text begins with it (OWASP, CSV injection). */
const FORMULA = /^[=+\-@\t\r]/;

/**
 * One line of a CSV file with its end (RFC 4180). `escapeFormulas` puts an apostrophe before texts that a spreadsheet
 * would run; numbers stay as they are.
 */
export function csvLine(values: readonly (string | number)[], escapeFormulas: boolean): string {
  const cell = (value: string | number): string => {
    if (typeof value === "number") return String(value);
    const text = escapeFormulas && FORMULA.test(value) ? `'${value}` : value;
    return /[",\n\r]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return `${values.map(cell).join(",")}\n`;
}

/** Takes the apostrophe away again. */
export const withoutFormulaEscape = (text: string): string =>
  text.startsWith("'") && FORMULA.test(text.slice(1)) ? text.slice(1) : text;
