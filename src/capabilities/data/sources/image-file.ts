import { closeSync, fstatSync, openSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import { QuernError } from "../../../foundation/base/errors.js";
import { resolveInside } from "../../../foundation/base/path-resolver.js";
import { IMAGE_FILE } from "../../../foundation/base/pictures/image-text.js";

/**
 * The bytes of an image that a cell names, inside the folder of its table.
 * @throws QuernError PATH_REFUSED, DATA_NOT_FOUND, DATA_TOO_LARGE
 */
export function readImageFile(folder: string, cell: string, maximumBytes: number): Uint8Array {
  const handle = openSync(locateImage(folder, cell), "r");
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

/** The length of the file that a cell names; `undefined` where there is none. */
export function imageFileBytes(folder: string, cell: string): number | undefined {
  try {
    return statSync(locateImage(folder, cell)).size;
  } catch {
    return undefined;
  }
}

/** Whether the cell names an image file that exists inside the folder. */
export function isImageFile(folder: string, cell: string): boolean {
  if (!IMAGE_FILE.test(cell.trim()) && !NAME_WITHOUT_ENDING.test(cell)) return false;
  try {
    locateImage(folder, cell);
    return true;
  } catch {
    return false;
  }
}

/** Tables often hold ids whose files are called after them. */
const NAME_WITHOUT_ENDING = /^[^\s.]{1,200}$/;
const ENDINGS = ["", ".jpg", ".jpeg", ".png", ".webp", ".gif"];

const URL_SCHEME = /^[a-z][a-z\d+.-]+:\/\//i;

/**
 * Names count from the folder of the table. Those that were written elsewhere, from another folder or as absolute paths,
 * often pass through a folder of the same name: what follows it is tried then.
 * @throws QuernError PATH_REFUSED, DATA_NOT_FOUND
 */
function locateImage(folder: string, cell: string): string {
  const name = cell.trim();
  if (URL_SCHEME.test(name)) throw notFetched(name);
  const steps = name
    .replaceAll("\\", "/")
    .replace(/^(\.\/)+/, "")
    .split("/");
  const own = steps.lastIndexOf(basename(folder), steps.length - 2);
  const found = own < 0 ? undefined : existing(folder, steps.slice(own + 1));
  const path = existing(folder, steps) ?? found;
  if (path !== undefined) return path;
  // Told apart from what is refused.
  resolveInside(folder, steps.join("/"), false);
  throw new QuernError("DATA_NOT_FOUND", `There is no such file in ${folder}.`, {
    details: { name: name.slice(0, 200), folder },
  });
}

function existing(folder: string, steps: readonly string[]): string | undefined {
  const name = steps.join("/");
  for (const ending of NAME_WITHOUT_ENDING.test(name) ? ENDINGS : [""]) {
    try {
      return resolveInside(folder, name + ending);
    } catch {
      // The next one, or none.
    }
  }
  return undefined;
}

function notFetched(name: string): QuernError {
  return new QuernError("PATH_REFUSED", "Pictures are not fetched from the network.", {
    details: { name: name.slice(0, 200) },
    hint: "Download the pictures into the folder of the table, and name the files.",
  });
}
