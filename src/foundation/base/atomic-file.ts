import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { QuernError } from "./errors.js";

/** Makes a rename or a new entry of `folder` durable. Folders cannot be synced on Windows; there it is a no-op. */
export function syncFolder(folder: string): void {
  if (process.platform === "win32") return;
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/**
 * Writes a file so that readers and crashes see the old content or the new, never a part:
 * temporary file in the same folder, fsync, rename, fsync of the folder. Parts are written one after another.
 * @throws QuernError DISK_FULL; the temporary file is removed and the old content stays.
 */
export function writeFileAtomic(path: string, content: string | Uint8Array | readonly Uint8Array[]): void {
  const folder = dirname(path);
  mkdirSync(folder, { recursive: true });
  const temporary = `${path}.${randomBytes(6).toString("hex")}.tmp`;
  try {
    const handle = openSync(temporary, "wx", 0o644);
    try {
      const whole = typeof content === "string" ? Buffer.from(content) : content;
      for (const part of whole instanceof Uint8Array ? [whole] : whole) {
        for (let offset = 0; offset < part.length; )
          offset += writeSync(handle, part, offset, Math.min(part.length - offset, 2 ** 30));
      }
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(temporary, path);
    syncFolder(folder);
  } catch (cause) {
    rmSync(temporary, { force: true });
    throw translateDiskError(cause, path);
  }
}

/** Renames a file; both names are on one disk, and what had the new name is gone. */
export function moveFile(from: string, to: string): void {
  renameSync(from, to);
}

/** ENOSPC and EDQUOT become DISK_FULL; everything else passes unchanged. */
export function translateDiskError(cause: unknown, path: string): unknown {
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  if (code !== "ENOSPC" && code !== "EDQUOT") return cause;
  return new QuernError("DISK_FULL", `No space left while writing ${path}.`, { details: { path }, cause });
}
