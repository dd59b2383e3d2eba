/** A folder of files that are named by the SHA-256 of their content: any number of processes add to it, none changes one. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "./atomic-file.js";
import { sha256 } from "./hash.js";
import { namesIn } from "./list-folder.js";

/** @throws QuernError DISK_FULL */
export function addContent(folder: string, bytes: Uint8Array): void {
  writeFileAtomic(join(folder, sha256(bytes)), bytes);
}

/** All that is there and whole, in the order of the names; nothing where there is no folder. */
export function* readContents(folder: string): Generator<Uint8Array> {
  for (const name of namesIn(folder)) {
    if (!/^[0-9a-f]{64}$/.test(name)) continue;
    const bytes = readFileSync(join(folder, name));
    if (sha256(bytes) === name) yield bytes;
  }
}
