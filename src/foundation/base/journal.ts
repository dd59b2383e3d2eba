/**
 * Append-only journals: what is acknowledged survives the death of the process and of the machine. One record a line,
 * a checksum before each, so that a torn or damaged line costs itself alone. Each writer has a file of its own, named
 * after its host and process, so that files of the dead can be told from those still written to.
 */
import { createHash, randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { type FileHandle, open, rename } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { crc32 } from "node:zlib";
import { syncFolderAsync } from "./atomic-file.js";
import { translateDiskError } from "./disk-errors.js";
import { namesIn } from "./list-folder.js";
import { makeFolder } from "./make-folder.js";
import { processExists } from "./process-exists.js";

const OPEN = ".open.jsonl";
const CLOSED = ".jsonl";
const NAME = /^([0-9a-f]{8})-(\d+)-(\d+)-[0-9a-f]{12}(\.open)?\.jsonl$/;
const HOST = createHash("sha256").update(hostname()).digest("hex").slice(0, 8);
/** A process id is used again after a restart; with the start of the process it is not. */
const STARTED = Math.floor(performance.timeOrigin);

export interface JournalWriter {
  /** Without its ending; stays the same when it is closed. */
  readonly name: string;
  readonly records: number;
  /** Durable when it resolves; calls are written in order. After a failure the journal takes nothing more. */
  append(records: readonly unknown[]): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFile {
  readonly name: string;
  readonly path: string;
  /** Its writer may still append. */
  readonly live: boolean;
}

/** Starts a journal in the folder, which is made where there is none. @throws QuernError DISK_FULL */
export async function createJournal(folder: string): Promise<JournalWriter> {
  const name = `${HOST}-${process.pid}-${STARTED}-${randomBytes(6).toString("hex")}`;
  const path = join(folder, name + OPEN);
  try {
    makeFolder(folder);
    const file = await open(path, "wx", 0o600);
    await syncFolderAsync(folder);
    return new OpenJournal(folder, name, file);
  } catch (cause) {
    throw translateDiskError(cause, path);
  }
}

class OpenJournal implements JournalWriter {
  readonly name: string;
  readonly #folder: string;
  readonly #file: FileHandle;
  #records = 0;
  #turn: Promise<void> = Promise.resolve();

  constructor(folder: string, name: string, file: FileHandle) {
    this.#folder = folder;
    this.name = name;
    this.#file = file;
  }

  get records(): number {
    return this.#records;
  }

  append(records: readonly unknown[]): Promise<void> {
    const bytes = Buffer.from(records.map(toLine).join(""));
    // A failure stays: what follows a torn line would be acknowledged into a damaged file.
    this.#turn = this.#turn.then(() => this.#write(bytes, records.length));
    return this.#turn;
  }

  async #write(bytes: Buffer, records: number): Promise<void> {
    try {
      for (let offset = 0; offset < bytes.length; ) {
        const { bytesWritten } = await this.#file.write(bytes, offset);
        offset += bytesWritten;
      }
      await this.#file.datasync();
      this.#records += records;
    } catch (cause) {
      throw translateDiskError(cause, join(this.#folder, this.name + OPEN));
    }
  }

  async close(): Promise<void> {
    await this.#turn.catch(() => undefined);
    await this.#file.close();
    await rename(join(this.#folder, this.name + OPEN), join(this.#folder, this.name + CLOSED));
    await syncFolderAsync(this.#folder);
  }
}

function toLine(record: unknown): string {
  const text = JSON.stringify(record);
  return `${checksum(text)} ${text}\n`;
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");

/** Journals of the folder by name; none where there is no folder. */
export function listJournals(folder: string): JournalFile[] {
  return namesIn(folder).flatMap((file) => {
    const match = NAME.exec(file);
    if (!match) return [];
    const [, host, pid, started, isOpen] = match;
    const name = file.slice(0, -(isOpen ? OPEN : CLOSED).length);
    const live = isOpen !== undefined && mayBeAlive(host!, Number(pid), Number(started));
    return [{ name, path: join(folder, file), live }];
  });
}

/** Of processes of other hosts nothing is known. */
function mayBeAlive(host: string, pid: number, started: number): boolean {
  if (host !== HOST) return true;
  if (pid === process.pid) return started === STARTED;
  return processExists(pid);
}

/**
 * All whole records in order, and how many lines are torn or damaged. One that was closed since it was listed is read by
 * the name it has now; a journal that is gone has none.
 */
export function readJournal(path: string): { records: unknown[]; damaged: number } {
  const lines = contentOf(path).split("\n");
  const records: unknown[] = [];
  let damaged = 0;
  for (const [index, line] of lines.entries()) {
    if (index === lines.length - 1 && line === "") break;
    const text = line.slice(9);
    // A last line without its end was never acknowledged, even where it happens to be whole.
    if (index === lines.length - 1 || line.slice(0, 8) !== checksum(text)) damaged += 1;
    else records.push(JSON.parse(text));
  }
  return { records, damaged };
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== "ENOENT") throw cause;
    return path.endsWith(OPEN) ? contentOf(path.slice(0, -OPEN.length) + CLOSED) : "";
  }
}

export function removeJournal({ path }: JournalFile): void {
  rmSync(path, { force: true });
}
