import { randomBytes } from "node:crypto";
import { copyFile, lstat, open, readdir, rename, rm } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { syncFolder } from "../../foundation/base/atomic-file.js";
import { translateDiskError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { type Sha256, sha256 } from "../../foundation/base/hash.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import { resolveInside } from "../../foundation/base/path-resolver.js";
import type { BlobStore } from "../../foundation/contracts/store.js";
import type { Backend } from "./backend.js";

type Files = Readonly<Record<string, Sha256>>;

/** Where bundles are laid out as folders: copies of blobs, which may be deleted at any time. */
export const BUNDLES = "bundles";

/** Copies the files of a folder into the blobs. Names use `/`. @throws PATH_REFUSED for links and special files. */
export async function collectFolder(blobs: BlobStore, folder: string): Promise<Files> {
  const files: [string, Sha256][] = [];
  for (const path of await filesBelow(folder)) {
    const name = relative(folder, path).split(sep).join("/");
    files.push([name, (await blobs.putFile(resolveInside(folder, name))).hash]);
  }
  if (files.length > 0) return Object.fromEntries(files);
  throw new QuernError("BUNDLE_INVALID", `The bundle folder ${folder} has no files.`, {
    details: { folder },
  });
}

/** A folder with these files, whole and verified; a damaged one is made again. */
export async function materialize(backend: Backend, bundle: Sha256, files: Files): Promise<string> {
  const folder = join(backend.folder, BUNDLES, bundle);
  if (await holdsExactly(folder, files)) return folder;
  const temporary = join(backend.folder, BUNDLES, `${bundle}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    for (const [name, hash] of Object.entries(files)) {
      const target = resolveInside(await made(temporary), name, false);
      makeFolder(dirname(target));
      await copyFile(await backend.blobs.localFile(hash), target);
      await syncFile(target);
    }
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder).catch(async (cause) => {
      // Another process laid out the same bundle in the meantime.
      if (!(await holdsExactly(folder, files))) throw cause;
    });
    syncFolder(dirname(folder));
    return folder;
  } catch (cause) {
    throw translateDiskError(cause, folder);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

/** True when the folder has these files with these bytes, and no others. */
export async function holdsExactly(folder: string, files: Files): Promise<boolean> {
  const found = await filesBelow(folder).catch(() => []);
  if (found.length !== Object.keys(files).length) return false;
  for (const path of found) {
    const expected = files[relative(folder, path).split(sep).join("/")];
    if (expected === undefined || (await hashOf(path)) !== expected) return false;
  }
  return true;
}

async function filesBelow(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true });
  const paths: string[] = [];
  for (const entry of entries.sort()) {
    const path = join(folder, entry);
    if (!(await lstat(path)).isDirectory()) paths.push(path);
  }
  return paths;
}

async function hashOf(path: string): Promise<Sha256> {
  const file = await open(path, "r");
  try {
    return sha256(await file.readFile());
  } finally {
    await file.close();
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function made(folder: string): Promise<string> {
  makeFolder(folder);
  return folder;
}
