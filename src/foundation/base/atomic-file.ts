import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import { translateWriteError } from "./disk-errors.js";
import { makeFolder } from "./make-folder.js";

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
 * @throws QuernError DISK_FULL, OUTPUT_NOT_WRITABLE; the temporary file is removed and the old content stays.
 */
export function writeFileAtomic(path: string, content: string | Uint8Array | readonly Uint8Array[]): void {
  const folder = dirname(path);
  makeFolder(folder);
  const temporary = temporaryOf(path);
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
    removeTemporary(temporary);
    throw translateWriteError(cause, path);
  }
}

/** As `syncFolder`, for servers: their event loop does not wait for the disk. */
export async function syncFolderAsync(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * As `writeFileAtomic`, for servers and into a folder that is there.
 * @throws QuernError DISK_FULL, OUTPUT_NOT_WRITABLE
 */
export async function writeFileAtomicAsync(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = temporaryOf(path);
  try {
    const handle = await open(temporary, "wx", 0o644);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolderAsync(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw translateWriteError(cause, path);
  }
}

const temporaryOf = (path: string): string => `${path}.${randomBytes(6).toString("hex")}.tmp`;

/** Renames a file; both names are on one disk, and what had the new name is gone. */
export function moveFile(from: string, to: string): void {
  renameSync(from, to);
}

/** What went wrong is the failure before this one: a folder that takes no files gives none away either. */
function removeTemporary(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // It was never made, or stays behind a disk that refuses everything.
  }
}
