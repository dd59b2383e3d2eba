import { readFileSync, statSync } from "node:fs";
import { QuernError } from "../../foundation/base/errors.js";
import type { TableFile } from "./open-table.js";

/** Larger arrays are not read a second time only to name a line. */
const MAX_REREAD_BYTES = 64 * 2 ** 20;

/** Turns what DuckDB's JSON reader reports into an error with file, line (or record) and remedy. */
export function jsonError(cause: unknown, files: readonly TableFile[], format: "json" | "jsonl"): unknown {
  const message = cause instanceof Error ? cause.message : "";
  if (QuernError.is(cause) || !/JSON/i.test(message)) return cause;
  const path = /in file "([^"]+)"/.exec(message)?.[1];
  const source = files.find((candidate) => candidate.path === path) ?? files[0]!;
  const file = source.name ?? source.path;
  const place = placeOf(message, source, format);
  const why = /(?:line|value) \d+: ([^.]*)/.exec(message)?.[1] ?? "malformed";
  const where = [file, ...Object.entries(place).map(([unit, number]) => `${unit} ${number}`)].join(", ");
  return new QuernError("DATA_MALFORMED", `${where}: the JSON is broken (${why.trim()}).`, {
    details: { file, ...place },
    hint: "Correct the JSON there; `.json` holds one array of objects, `.jsonl` one object on each line.",
    cause,
  });
}

function placeOf(
  message: string,
  source: TableFile,
  format: "json" | "jsonl",
): { line?: number; record?: number } {
  const line = /in line (\d+)/.exec(message)?.[1];
  if (line !== undefined) return { line: Number(line) };
  const found = format === "json" ? lineOfSyntaxError(source.path) : undefined;
  if (found !== undefined) return { line: found };
  const record = /in record\/value (\d+)/.exec(message)?.[1];
  return record === undefined ? {} : { record: Number(record) };
}

function lineOfSyntaxError(path: string): number | undefined {
  if (statSync(path).size > MAX_REREAD_BYTES) return undefined;
  const text = readFileSync(path, "utf8");
  try {
    JSON.parse(text);
    return undefined;
  } catch (cause) {
    const position = /position (\d+)/.exec((cause as Error).message)?.[1];
    return text.slice(0, position === undefined ? undefined : Number(position)).split("\n").length;
  }
}
