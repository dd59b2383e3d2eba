import { createHash } from "node:crypto";
import { lstatSync, mkdtempSync, readdirSync, realpathSync, rmSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { processExists } from "./process-exists.js";

/** Younger folders are let be, whoever made them. */
const STALE_AGE_MS = 10 * 60_000;

/**
 * Makes `quern-<purpose>-<host>-<process>-<random>` for this process alone, and removes folders of that shape whose
 * process was killed before it could. The host is in the name because a folder for temporary files may be shared
 * by containers, each of which numbers its own processes.
 * @returns its real path
 */
export function makePrivateFolder(parent: string, purpose: string): string {
  const host = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
  const mine = `quern-${purpose}-${host}-`;
  const folder = realpathSync(mkdtempSync(join(parent, `${mine}${process.pid}-`)));
  const nowMs = lstatSync(folder).mtimeMs;
  for (const name of readdirSync(parent)) {
    const owner = name.startsWith(mine) ? Number(name.slice(mine.length).split("-")[0]) : Number.NaN;
    if (Number.isInteger(owner) && !processExists(owner)) removeStale(join(parent, name), nowMs);
  }
  return folder;
}

/** Another start may sweep at the same moment, and the folder may be another user's: neither is a fault of this one. */
function removeStale(path: string, nowMs: number): void {
  try {
    const status = lstatSync(path);
    if (!status.isDirectory() || nowMs - status.mtimeMs < STALE_AGE_MS) return;
    rmSync(path, { recursive: true, force: true });
  } catch {}
}

/** A private folder among the system's temporary files that is gone when the work is done. */
export async function withPrivateFolder<T>(purpose: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = makePrivateFolder(tmpdir(), purpose);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
