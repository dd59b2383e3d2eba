import { type ErrorCode, QuernError } from "../../foundation/base/errors.js";
import type { TableFile } from "./open-table.js";

interface Explanation {
  readonly code: ErrorCode;
  readonly what: string;
  readonly hint: string;
}

/** Turns what DuckDB's CSV reader reports into an error with file, line and remedy. */
export function delimitedError(
  cause: unknown,
  files: readonly TableFile[],
  names: readonly string[],
): unknown {
  const message = cause instanceof Error ? cause.message : "";
  if (QuernError.is(cause) || !/CSV|unicode|Maximum line size/i.test(message)) return cause;
  const path = /^ *file ?= ?(.+)$/m.exec(message)?.[1]?.trim();
  const source = files.find((candidate) => candidate.path === path) ?? files[0]!;
  const file = source.name ?? source.path;
  const line = Number(/on Line: (\d+)/i.exec(message)?.[1] ?? Number.NaN);
  const { code, what, hint } = explain(message, names.length);
  const where = Number.isNaN(line) ? file : `${file}, line ${line}`;
  const original = /Original Line: (.*)/.exec(message)?.[1]?.slice(0, 200);
  const details = { file, ...(Number.isNaN(line) ? {} : { line }), ...(original ? { original } : {}) };
  return new QuernError(code, `${where}: ${what}`, { details, hint, cause });
}

const counted = (count: number, unit: string): string => `${count} ${unit}${count === 1 ? "" : "s"}`;

function explain(message: string, width: number): Explanation {
  const ragged = /Expected Number of Columns: (\d+) Found: (\d+)/.exec(message);
  if (ragged) {
    return {
      code: "DATA_MALFORMED",
      what: `the row has ${counted(Number(ragged[2]), "cell")}, but the table has ${counted(Number(ragged[1]), "column")}.`,
      hint:
        width === 1
          ? "Name the `--delimiter`; remove lines above the header that are no rows."
          : "Correct the row: quote cells that hold the delimiter, or name the `--delimiter`.",
    };
  }
  if (/unterminated quote|quoted value|quote/i.test(message.split("Possible")[0]!)) {
    return {
      code: "DATA_MALFORMED",
      what: "a quoted cell that begins here has no end, or has text after its closing quote.",
      hint: "Close the quote, and write a quote inside a quoted cell twice.",
    };
  }
  if (/unicode|utf-?8/i.test(message.split("Possible")[0]!)) {
    return {
      code: "DATA_ENCODING",
      what: "the line is not valid UTF-8.",
      hint: "Save the file as UTF-8, or name its encoding, for example `--encoding gb18030` or `--encoding windows-1252`.",
    };
  }
  if (/Maximum line size/i.test(message)) {
    return {
      code: "DATA_MALFORMED",
      what: "a line is longer than 2 MB.",
      hint: "Check that the file is a table of text with line ends, and that every quote is closed.",
    };
  }
  return {
    code: "DATA_MALFORMED",
    what: `the row cannot be read as ${width} cells.`,
    hint: "Correct the row, or name the `--delimiter` of the file.",
  };
}
