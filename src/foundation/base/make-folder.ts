import { mkdirSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { notWritable, translateWriteError } from "./disk-errors.js";

/**
 * Makes a folder and those above it. The runtime's own recursive `mkdir` never returns where a folder is there but takes no
 * entries, such as `/proc`: it makes the folder above for ever.
 * @returns the uppermost folder that was made; undefined where all were there
 * @throws QuernError OUTPUT_NOT_WRITABLE, DISK_FULL
 */
export function makeFolder(path: string): string | undefined {
  const target = resolve(path);
  const missing: string[] = [];
  for (let current = target; ; current = dirname(current)) {
    const status = statusOf(current, target);
    if (status?.isDirectory()) break;
    if (status) throw notWritable(target, `${current} is no folder`);
    missing.push(current);
    if (dirname(current) === current) break;
  }
  for (const folder of missing.toReversed()) makeOne(folder, target);
  return missing.at(-1);
}

function makeOne(folder: string, target: string): void {
  try {
    mkdirSync(folder);
  } catch (cause) {
    // Another process made it in the meantime.
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== "EEXIST" || !statusOf(folder, target)?.isDirectory())
      throw translateWriteError(cause, target);
  }
}

function statusOf(path: string, target: string): Stats | undefined {
  try {
    return statSync(path);
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw translateWriteError(cause, target);
  }
}
