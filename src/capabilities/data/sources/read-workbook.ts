import { readFileSync, writeFileSync } from "node:fs";
import type { TableNote } from "../../../engines/table/index.js";
import { readArchive } from "../../../foundation/base/archive.js";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { LocatedFile } from "./locate.js";

/** A workbook is read whole. */
const MAX_FILE_BYTES = 100 * 2 ** 20;
const ARCHIVE_LIMITS = { entries: 10_000, totalBytes: 2 ** 30, ratio: 1100, nameBytes: 1000 };

export interface SheetChoice {
  /** Name of a sheet, or its number from 1. Default the first. */
  readonly sheet?: string | undefined;
  /** False: the first row is data like the others. */
  readonly header?: boolean | undefined;
  /** Rows above the table to pass over. */
  readonly skipLines?: number | undefined;
}

/**
 * Writes one sheet as CSV in UTF-8: times as ISO 8601, truth values as true and false, numbers in full.
 * @returns a note where a sheet was chosen among several
 * @throws QuernError DATA_TOO_LARGE, DATA_UNSUPPORTED, DATA_MALFORMED, DATA_EMPTY, DATA_NOT_FOUND
 */
export async function writeSheetAsCsv(
  file: LocatedFile,
  { sheet, header, skipLines = 0 }: SheetChoice,
  target: string,
): Promise<TableNote[]> {
  const { rows, sheets } = await readRows(file, sheet);
  const filled = rows.slice(skipLines).filter((row) => row.some((cell) => cell !== null && cell !== ""));
  const guessed = sheet === undefined && sheets.length > 1;
  if (filled.length === 0 || (guessed && filled.length === 1 && header !== false)) {
    throw emptySheet(file, sheet, sheets, filled.length);
  }
  const width = filled.reduce((widest, row) => Math.max(widest, row.length), 0);
  const lines = filled.map((row) =>
    Array.from({ length: width }, (_, index) => cellText(row[index])).join(","),
  );
  try {
    writeFileSync(target, `${lines.join("\n")}\n`, { flag: "wx" });
  } catch (cause) {
    throw translateDiskError(cause, target);
  }
  if (!guessed) return [];
  const message = `${file.name} has ${sheets.length} sheets (${listed(sheets)}); the first was read. \`--sheet\` names another.`;
  return [{ id: "sheet-chosen", message }];
}

/** Names in quotes, the first few. */
function listed(sheets: readonly string[]): string {
  const names = sheets.slice(0, 10).map((name) => JSON.stringify(name));
  return `${names.join(", ")}${sheets.length > names.length ? ", …" : ""}`;
}

function emptySheet(
  file: LocatedFile,
  sheet: string | undefined,
  sheets: readonly string[],
  rows: number,
): QuernError {
  const which = sheet === undefined ? "The first sheet" : `The sheet ${sheet}`;
  const what = rows === 0 ? "is empty" : "has one row only";
  const others = sheets.length > 1 ? ` Its sheets are ${listed(sheets)}.` : "";
  return new QuernError("DATA_EMPTY", `${which} of ${file.name} ${what}.${others}`, {
    details: { file: file.name, sheet, sheets: sheets.slice(0, 100) },
    ...(sheets.length > 1 ? { hint: "Name the sheet of the table with `--sheet`." } : {}),
  });
}

type Cell = string | number | boolean | Date | null | undefined;

function cellText(cell: Cell): string {
  if (cell === null || cell === undefined) return "";
  if (cell instanceof Date) return timeText(cell);
  const text = String(cell);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** A workbook keeps times as fractions of a day; one that is a millisecond off a whole second is that second. */
function timeText(time: Date): string {
  const nearest = Math.round(time.getTime() / 1000) * 1000;
  const exact = Math.abs(nearest - time.getTime()) <= 1 ? new Date(nearest) : time;
  return exact.toISOString().replace(/T00:00:00\.000Z$/, "");
}

interface Sheet {
  readonly rows: Cell[][];
  /** Names of all sheets of the workbook. */
  readonly sheets: readonly string[];
}

async function readRows(file: LocatedFile, sheet: string | undefined): Promise<Sheet> {
  if (file.bytes > MAX_FILE_BYTES) {
    throw new QuernError("DATA_TOO_LARGE", `${file.name} is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB.`, {
      details: { file: file.name, limitBytes: MAX_FILE_BYTES },
      hint: "Save the sheet as CSV; a CSV file may be of any size.",
    });
  }
  const bytes = readFileSync(file.path);
  const sheets = checkArchive(bytes, file);
  const { readSheet, SheetNotFoundError } = await import("read-excel-file/node");
  try {
    const which = sheet !== undefined && /^\d+$/.test(sheet) ? Number(sheet) : (sheet ?? 1);
    return { rows: (await readSheet(bytes, which)) as unknown as Cell[][], sheets };
  } catch (cause) {
    if (cause instanceof SheetNotFoundError) {
      throw new QuernError(
        "DATA_NOT_FOUND",
        `${file.name} has no sheet ${sheet}. Its sheets are ${listed(sheets)}.`,
        {
          details: { file: file.name, sheet, sheets: sheets.slice(0, 100) },
          hint: "Name one of its sheets, or its number from 1.",
          cause,
        },
      );
    }
    throw damaged(file, cause);
  }
}

/** Sizes are checked by inflating under limits before the workbook reader sees the bytes. @returns names of sheets */
function checkArchive(bytes: Uint8Array, file: LocatedFile): string[] {
  let entries: Map<string, Uint8Array>;
  try {
    entries = readArchive(bytes, ARCHIVE_LIMITS);
  } catch (cause) {
    throw damaged(file, cause);
  }
  const workbook = entries.get("xl/workbook.xml");
  if (workbook) return sheetNames(new TextDecoder().decode(workbook));
  throw new QuernError("DATA_UNSUPPORTED", `${file.name} is a zip archive, but no Excel workbook.`, {
    details: { file: file.name },
    hint: "Unpack the archive and give the files in it.",
  });
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
  "&amp;": "&",
};

function sheetNames(workbook: string): string[] {
  return [...workbook.matchAll(/<(?:\w+:)?sheet\s[^>]*?\bname="([^"]*)"/g)].map((found) =>
    found[1]!.replace(/&\w+;/g, (entity) => ENTITIES[entity] ?? entity),
  );
}

function damaged(file: LocatedFile, cause: unknown): QuernError {
  const why = cause instanceof Error ? cause.message.replace(/\.$/, "") : "damaged";
  return new QuernError("DATA_MALFORMED", `${file.name} cannot be read as an Excel workbook: ${why}.`, {
    details: { file: file.name },
    hint: "Open it in a spreadsheet program and save it again as .xlsx, or as CSV.",
    cause,
  });
}
