import { createHash, randomBytes } from "node:crypto";
import { createReadStream, type Stats } from "node:fs";
import { type FileHandle, open, readdir, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { join } from "node:path";
import { syncFolderAsync } from "../../foundation/base/atomic-file.js";
import type { Clock } from "../../foundation/base/clock.js";
import { translateDiskError } from "../../foundation/base/disk-errors.js";
import { QuernError } from "../../foundation/base/errors.js";
import { type Sha256, sha256 } from "../../foundation/base/hash.js";
import { makeFolder } from "../../foundation/base/make-folder.js";
import type { BlobStore } from "../../foundation/contracts/store.js";

/** Where they lie in the store's folder. */
export const BLOBS = "blobs";
const HASH = /^[0-9a-f]{64}$/;
const INCOMING = "incoming";
/** Files up to this size are read whole. */
const WHOLE_BYTES = 1 << 22;

/** A blob as the doctor sees it. */
export interface BlobFile {
  readonly hash: Sha256;
  readonly modifiedAt: number;
}

/** Opens a temporary file for writing; replaced in tests by one whose disk is full. */
export type OpenFile = (path: string) => Promise<FileHandle>;
const openNew: OpenFile = (path) => open(path, "wx", 0o644);

/** The blobs of the store in `folder`. A process that needs no more than these is spared the database. */
export function openBlobs(folder: string, clock: Clock): FileBlobs {
  return new FileBlobs(join(folder, BLOBS), clock);
}

/**
 * `ab/cdef…` under `folder`, named by SHA-256. A file appears under its name only when whole and synced, and is
 * verified whenever it is read.
 */
export class FileBlobs implements BlobStore {
  readonly #folder: string;
  readonly #clock: Clock;
  readonly #openFile: OpenFile;

  constructor(folder: string, clock: Clock, openFile: OpenFile = openNew) {
    this.#folder = folder;
    this.#clock = clock;
    this.#openFile = openFile;
  }

  async put(bytes: Uint8Array): Promise<Sha256> {
    const hash = sha256(bytes);
    if (await this.#keepExisting(hash)) return hash;
    return this.#publish(async (file) => {
      await writeAll(file, bytes);
      return hash;
    });
  }

  async putFile(path: string): Promise<{ hash: Sha256; bytes: number }> {
    let size = 0;
    const hash = await this.#publish(async (file) => {
      const digest = createHash("sha256");
      for await (const chunk of readChunks(path)) {
        digest.update(chunk);
        await writeAll(file, chunk);
        size += chunk.length;
      }
      return digest.digest("hex");
    });
    return { hash, bytes: size };
  }

  async get(hash: Sha256): Promise<Uint8Array> {
    const bytes = await readFile(this.#pathOf(hash)).catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === "ENOENT") throw lost("missing", hash);
      throw cause;
    });
    if (sha256(bytes) !== hash) throw lost("damaged", hash);
    return bytes;
  }

  async localFile(hash: Sha256): Promise<string> {
    const state = await this.verify(hash);
    if (state !== "ok") throw lost(state, hash);
    return this.#pathOf(hash);
  }

  async verify(hash: Sha256): Promise<"ok" | "missing" | "damaged"> {
    const path = this.#pathOf(hash);
    try {
      // Most blobs are small outputs of steps, for which a stream costs more than the reading.
      if ((await stat(path)).size <= WHOLE_BYTES)
        return sha256(await readFile(path)) === hash ? "ok" : "damaged";
      const digest = createHash("sha256");
      for await (const chunk of readChunks(path)) digest.update(chunk);
      return digest.digest("hex") === hash ? "ok" : "damaged";
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "missing";
      throw cause;
    }
  }

  async *files(): AsyncGenerator<BlobFile> {
    for (const shard of (await namesIn(this.#folder)).filter((name) => /^[0-9a-f]{2}$/.test(name))) {
      for (const rest of await namesIn(join(this.#folder, shard))) {
        const hash = shard + rest;
        const status = HASH.test(hash) ? await statusOf(join(this.#folder, shard, rest)) : undefined;
        if (status?.isFile()) yield { hash, modifiedAt: status.mtimeMs };
      }
    }
  }

  async remove(hash: Sha256): Promise<void> {
    await rm(this.#pathOf(hash), { force: true });
  }

  /** Temporary files last written before this time: what a crash left. */
  async staleFiles(before: number): Promise<readonly string[]> {
    const paths = (await namesIn(join(this.#folder, INCOMING))).map((name) =>
      join(this.#folder, INCOMING, name),
    );
    const stale: string[] = [];
    for (const path of paths) {
      if (((await statusOf(path))?.mtimeMs ?? before) < before) stale.push(path);
    }
    return stale;
  }

  #pathOf(hash: Sha256): string {
    if (HASH.test(hash)) return join(this.#folder, hash.slice(0, 2), hash.slice(2));
    throw new QuernError("STORE_DAMAGED", `${JSON.stringify(hash)} is not the name of a blob.`);
  }

  /** True when the blob is there already. Its time is renewed, so that no sweep takes it for abandoned. */
  async #keepExisting(hash: Sha256): Promise<boolean> {
    if ((await this.verify(hash)) !== "ok") return false;
    const now = this.#clock.now() / 1000;
    await utimes(this.#pathOf(hash), now, now);
    return true;
  }

  /** `fill` writes the temporary file and names its content. */
  async #publish(fill: (file: FileHandle) => Promise<Sha256>): Promise<Sha256> {
    const incoming = join(this.#folder, INCOMING);
    const temporary = join(incoming, `${process.pid}-${randomBytes(8).toString("hex")}`);
    try {
      makeFolder(incoming);
      const file = await this.#openFile(temporary);
      let hash: Sha256;
      try {
        hash = await fill(file);
        await file.sync();
      } finally {
        await file.close();
      }
      if (!(await this.#keepExisting(hash))) await moveInto(this.#folder, temporary, this.#pathOf(hash));
      return hash;
    } catch (cause) {
      throw translateDiskError(cause, this.#folder);
    } finally {
      await rm(temporary, { force: true });
    }
  }
}

const readChunks = (path: string): AsyncIterable<Buffer> =>
  createReadStream(path, { highWaterMark: 1 << 20 });

const statusOf = (path: string): Promise<Stats | undefined> => stat(path).catch(() => undefined);

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let offset = 0; offset < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, offset);
    offset += bytesWritten;
  }
}

async function moveInto(folder: string, temporary: string, path: string): Promise<void> {
  const shard = join(path, "..");
  const made = makeFolder(shard);
  await rename(temporary, path);
  await syncFolderAsync(shard);
  if (made !== undefined) await syncFolderAsync(folder);
}

async function namesIn(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).sort();
}

function lost(state: "missing" | "damaged", hash: Sha256): QuernError {
  const how = state === "missing" ? "is missing" : "has other bytes than its name says";
  return new QuernError("STORE_DAMAGED", `The blob ${hash} ${how}.`, { details: { blob: hash, state } });
}
