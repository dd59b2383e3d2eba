import { readFileSync, writeFileSync } from "node:fs";
import { readArchive } from "../../../foundation/base/archive.js";
import { translateDiskError } from "../../../foundation/base/disk-errors.js";
import { QuernError } from "../../../foundation/base/errors.js";
import type { LocatedFile } from "./locate.js";

/** A workbook is read whole. */
const MAX_FILE_BYTES = 100 * 2 ** 20;
const ARCHIVE_LIMITS = { entries: 10_000, totalBytes: 2 ** 30, ratio: 1100, nameBytes: 1000 };

/**
 * Writes one sheet as CSV in UTF-8: times as ISO 8601, truth values as true and false, numbers in full.
 * @throws QuernError DATA_TOO_LARGE, DATA_UNSUPPORTED, DATA_MALFORMED, DATA_EMPTY
 */
export async function writeSheetAsCsv(
  file: LocatedFile,
  sheet: string | undefined,
  target: string,
): Promise<void> {
  const rows = await readRows(file, sheet);
  const filled = rows.filter((row) => row.some((cell) => cell !== null && cell !== ""));
  if (filled.length === 0) {
    const which = sheet === undefined ? "The first sheet" : `The sheet ${sheet}`;
    throw new QuernError("DATA_EMPTY", `${which} of ${file.name} is empty.`, {
      details: { file: file.name, sheet },
    });
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

async function readRows(file: LocatedFile, sheet: string | undefined): Promise<Cell[][]> {
  if (file.bytes > MAX_FILE_BYTES) {
    throw new QuernError("DATA_TOO_LARGE", `${file.name} is larger than ${MAX_FILE_BYTES / 2 ** 20} MiB.`, {
      details: { file: file.name, limitBytes: MAX_FILE_BYTES },
      hint: "Save the sheet as CSV; a CSV file may be of any size.",
    });
  }
  const bytes = readFileSync(file.path);
  checkArchive(bytes, file);
  const { readSheet, SheetNotFoundError } = await import("read-excel-file/node");
  try {
    const which = sheet !== undefined && /^\d+$/.test(sheet) ? Number(sheet) : (sheet ?? 1);
    return (await readSheet(bytes, which)) as unknown as Cell[][];
  } catch (cause) {
    if (cause instanceof SheetNotFoundError) {
      throw new QuernError("DATA_NOT_FOUND", `${file.name} has no sheet ${sheet}.`, {
        details: { file: file.name, sheet },
        hint: "Name one of its sheets, or its number from 1.",
        cause,
      });
    }
    throw damaged(file, cause);
  }
}

/** Sizes are checked by inflating under limits before the workbook reader sees the bytes. */
function checkArchive(bytes: Uint8Array, file: LocatedFile): void {
  let entries: Map<string, Uint8Array>;
  try {
    entries = readArchive(bytes, ARCHIVE_LIMITS);
  } catch (cause) {
    throw damaged(file, cause);
  }
  if (entries.has("xl/workbook.xml")) return;
  throw new QuernError("DATA_UNSUPPORTED", `${file.name} is a zip archive, but no Excel workbook.`, {
    details: { file: file.name },
    hint: "Unpack the archive and give the files in it.",
  });
}

function damaged(file: LocatedFile, cause: unknown): QuernError {
  const why = cause instanceof Error ? cause.message.replace(/\.$/, "") : "damaged";
  return new QuernError("DATA_MALFORMED", `${file.name} cannot be read as an Excel workbook: ${why}.`, {
    details: { file: file.name },
    hint: "Open it in a spreadsheet program and save it again as .xlsx, or as CSV.",
    cause,
  });
}
