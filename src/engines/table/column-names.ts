import { QuernError } from "../../foundation/base/errors.js";
import type { TableNote } from "./table.js";

const MAX_NAME_LENGTH = 1000;

/**
 * Names that are present, trimmed and distinct. An empty name becomes `column3` (its position); a name that
 * occurs again, also in other case, becomes `name_2`. Each change is a note.
 * @throws QuernError DATA_MALFORMED for a name longer than 1000 characters
 */
export function columnNames(
  written: readonly string[],
  file: string,
): { names: string[]; notes: TableNote[] } {
  const notes: TableNote[] = [];
  const original = new Set(written.map((name) => name.trim().toLowerCase()));
  const taken = new Set<string>();
  const names = written.map((raw, index) => {
    const trimmed = raw.trim();
    if (trimmed.length > MAX_NAME_LENGTH) throw tooLong(trimmed, index, file);
    const wanted = trimmed === "" ? `column${index + 1}` : trimmed;
    const name = distinctName(wanted, taken, original, trimmed === "");
    taken.add(name.toLowerCase());
    if (name !== trimmed) {
      const why = trimmed === "" ? "has no name" : `repeats the name ${JSON.stringify(trimmed)}`;
      const message = `Column ${index + 1} of ${file} ${why}; it is called ${JSON.stringify(name)}.`;
      const repeats = trimmed === "" ? {} : { repeats: trimmed };
      notes.push({ id: "column-renamed", column: name, ...repeats, message });
    }
    return name;
  });
  return { names, notes };
}

/** Keeps clear of names that later columns really have. */
function distinctName(wanted: string, taken: Set<string>, original: Set<string>, invented: boolean): string {
  const free = (name: string): boolean => !taken.has(name.toLowerCase()) && !original.has(name.toLowerCase());
  if (!invented && !taken.has(wanted.toLowerCase())) return wanted;
  if (invented && free(wanted)) return wanted;
  let count = 2;
  while (!free(`${wanted}_${count}`)) count++;
  return `${wanted}_${count}`;
}

function tooLong(name: string, index: number, file: string): QuernError {
  return new QuernError(
    "DATA_MALFORMED",
    `${file}, line 1, column ${index + 1}: the name ${JSON.stringify(`${name.slice(0, 40)}…`)} has ` +
      `${name.length} characters, more than ${MAX_NAME_LENGTH}.`,
    {
      details: { file, line: 1, column: index + 1, limit: MAX_NAME_LENGTH },
      hint: "Shorten the name; if the file is not what it seems, name its `--delimiter` or `--format`.",
    },
  );
}
