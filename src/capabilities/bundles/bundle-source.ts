import { closeSync, constants, fstatSync, lstatSync, openSync, readFileSync } from "node:fs";
import { readArchive } from "../../foundation/base/archive.js";
import { QuernError } from "../../foundation/base/errors.js";
import { resolveInside } from "../../foundation/base/path-resolver.js";
import { invalidBundle } from "../../foundation/contracts/bundle-check.js";

/** The files of a bundle by name, wherever they are. */
export interface BundleSource {
  /** The whole file. @throws QuernError BUNDLE_INVALID when it is missing, no plain file, or longer than allowed. */
  read(name: string, maximumBytes: number): Uint8Array;
}

export const MAXIMUM_ARCHIVE_BYTES = 2 ** 31;

/** A folder or an archive. @throws QuernError MODEL_NOT_FOUND, BUNDLE_INVALID */
export function openBundleSource(path: string): BundleSource {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) {
    throw new QuernError("MODEL_NOT_FOUND", `There is no bundle at ${path}.`, { details: { path } });
  }
  if (status.isDirectory()) return new FolderSource(path);
  return new ArchiveSource(readChecked(path, path, MAXIMUM_ARCHIVE_BYTES));
}

class FolderSource implements BundleSource {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  read(name: string, maximumBytes: number): Uint8Array {
    let path: string;
    try {
      path = resolveInside(this.#folder, name, false);
    } catch (cause) {
      throw invalidBundle((cause as Error).message.replace(/\.$/, ""), cause);
    }
    if (lstatSync(path, { throwIfNoEntry: false })) return readChecked(path, name, maximumBytes);
    throw new QuernError("BUNDLE_INVALID", `The bundle ${this.#folder} has no file ${name}.`, {
      details: { path, file: name },
      hint: "Copy or export the whole bundle again: `quern export MODEL --out FOLDER`.",
    });
  }
}

class ArchiveSource implements BundleSource {
  readonly #files: Map<string, Uint8Array>;

  constructor(bytes: Uint8Array) {
    this.#files = readArchive(bytes);
  }

  read(name: string, maximumBytes: number): Uint8Array {
    const bytes = this.#files.get(name);
    if (!bytes) throw invalidBundle(`${name} is missing`);
    if (bytes.length > maximumBytes) throw invalidBundle(`${name} has more than ${maximumBytes} bytes`);
    return bytes;
  }
}

/** Opens without following a link and looks at the size before reading. */
function readChecked(path: string, name: string, maximumBytes: number): Uint8Array {
  let handle: number;
  try {
    handle = openSync(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
  } catch (cause) {
    throw invalidBundle(`${name} cannot be read`, cause);
  }
  try {
    const status = fstatSync(handle);
    if (!status.isFile()) throw invalidBundle(`${name} is not a regular file`);
    if (status.size > maximumBytes) throw invalidBundle(`${name} has more than ${maximumBytes} bytes`);
    const content = readFileSync(handle);
    return new Uint8Array(content.buffer, content.byteOffset, content.length);
  } finally {
    closeSync(handle);
  }
}
