/** How far a prediction of a file has come, beside its output, so that one that was killed goes on from there. */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { z } from "zod";
import { writeFileAtomic } from "../../foundation/base/atomic-file.js";
import { QuernError } from "../../foundation/base/errors.js";
import { processExists } from "../../foundation/base/process-exists.js";

const progressSchema = z.strictObject({
  /** Of model, rows and options: only the same may go on. */
  identity: z.string(),
  /** File of the lines, beside the output. */
  part: z.string(),
  /** Predicted and durable. */
  rows: z.number().int().nonnegative(),
  bytes: z.number().int().nonnegative(),
  failed: z.number().int().nonnegative(),
  process: z.number().int(),
});

/** Lines that an earlier run has left; what follows `bytes` in the file was not finished. */
export interface WrittenPart {
  readonly path: string;
  readonly rows: number;
  readonly bytes: number;
  /** Of the rows those without an answer. */
  readonly failed: number;
}

export class PredictionProgress {
  readonly #path: string;
  readonly #identity: string;

  /** @param target the output, which appears when all rows are predicted */
  constructor(target: string, identity: string) {
    this.#path = `${target}.progress.json`;
    this.#identity = identity;
  }

  /**
   * What an earlier run has left. One that does not go on with it removes it, unless its process still works.
   * @throws QuernError USAGE when it belongs to another model, file or other options; LEASE_LOST when its process works
   */
  takeOver(resume: boolean): WrittenPart | undefined {
    const found = this.#read();
    if (!found) return undefined;
    const isWorking = found.process !== process.pid && processExists(found.process);
    const path = join(dirname(this.#path), basename(found.part));
    if (!resume) {
      if (!isWorking) for (const file of [path, this.#path]) rmSync(file, { force: true });
      return undefined;
    }
    if (isWorking) {
      throw new QuernError("LEASE_LOST", `Process ${found.process} is still writing these predictions.`);
    }
    if (found.identity !== this.#identity) {
      throw new QuernError("USAGE", "What is written belongs to another model, file or other options.", {
        hint: "Run the same command as before, or leave out `--resume` to start anew.",
      });
    }
    return existsSync(path)
      ? { path, rows: found.rows, bytes: found.bytes, failed: found.failed }
      : undefined;
  }

  /** After this the rows are kept, whatever happens to the process. The lines must be durable before. */
  save({ path, rows, bytes, failed }: WrittenPart): void {
    const state: z.infer<typeof progressSchema> = {
      ...{ identity: this.#identity, part: basename(path), rows, bytes, failed },
      process: process.pid,
    };
    writeFileAtomic(this.#path, JSON.stringify(state));
  }

  remove(): void {
    if (this.#read()?.process !== process.pid) return;
    rmSync(this.#path, { force: true });
    this.#removeUnfinished();
  }

  /** What processes that were killed while they wrote the state have left. */
  #removeUnfinished(): void {
    const folder = dirname(this.#path);
    const begin = `${basename(this.#path)}.`;
    for (const name of readdirSync(folder))
      if (name.startsWith(begin) && name.endsWith(".tmp")) rmSync(join(folder, name), { force: true });
  }

  #read(): z.infer<typeof progressSchema> | undefined {
    if (!existsSync(this.#path)) return undefined;
    try {
      return progressSchema.parse(JSON.parse(readFileSync(this.#path, "utf8")));
    } catch {
      // Not a file of ours, or of another release: there is nothing to go on with.
      return undefined;
    }
  }
}
