import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { QuernError } from "../../../foundation/base/errors.js";
import { resolveInside } from "../../../foundation/base/path-resolver.js";
import { IMAGE_FILE } from "./image-folder.js";

/**
 * The bytes of an image that a cell names, inside the folder of its table.
 * @throws QuernError PATH_REFUSED, DATA_TOO_LARGE
 */
export function readImageFile(folder: string, cell: string, maximumBytes: number): Uint8Array {
  const handle = openSync(resolveInside(folder, plainName(cell)), "r");
  try {
    const { size } = fstatSync(handle);
    if (size <= maximumBytes) return readFileSync(handle);
    throw new QuernError("DATA_TOO_LARGE", `${cell} has ${size} bytes, more than ${maximumBytes}.`, {
      details: { file: cell, bytes: size, limitBytes: maximumBytes },
    });
  } finally {
    closeSync(handle);
  }
}

/** Whether the cell names an image file that exists inside the folder. */
export function isImageFile(folder: string, cell: string): boolean {
  if (!IMAGE_FILE.test(cell)) return false;
  try {
    resolveInside(folder, plainName(cell));
    return true;
  } catch {
    return false;
  }
}

const plainName = (cell: string): string => cell.trim().replace(/^(\.\/)+/, "");
