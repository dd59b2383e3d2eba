/** A file that says which living process has something: one at a time, and after a crash the next one. */
import {
  closeSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";
import type { Clock } from "../../foundation/base/clock.js";
import { translateDiskError } from "../../foundation/base/disk-errors.js";
import { processExists } from "../../foundation/base/process-exists.js";

/** Who holds something says so this often; silent for the second time it is taken for dead. */
export const HEARTBEAT_MS = 1_000;
const LOST_MS = 30_000;

const ownerSchema = z.strictObject({ host: z.string(), process: z.number().int(), token: z.string() });
export type Owner = z.infer<typeof ownerSchema>;

export const ownerHere = (token: string): Owner => ({ host: hostname(), process: process.pid, token });

export class HeldFile {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /**
   * Takes it if nobody alive has it. Of two that take over from a dead one at the same moment the later one has it; the
   * other finds out at its next word.
   */
  claim(owner: Owner): boolean {
    if (this.isHeld(owner)) return false;
    rmSync(this.#path, { force: true });
    try {
      const handle = openSync(this.#path, "wx");
      writeSync(handle, JSON.stringify(owner));
      fsyncSync(handle);
      closeSync(handle);
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST" || code === "ENOENT") return false;
      throw translateDiskError(cause, this.#path);
    }
    return this.#has(owner);
  }

  /** By somebody else who is alive. */
  isHeld(here: Owner): boolean {
    const holder = this.#holder();
    if (!holder || holder.token === here.token || this.#clock.now() - holder.saidAt > LOST_MS) return false;
    // Numbers of processes are given again: the same one on the same host was another life.
    return holder.host !== here.host || (holder.process !== here.process && processExists(holder.process));
  }

  /** Says that the owner lives. @returns false where another has it by now: whoever was silent for too long must stop */
  keep(owner: Owner): boolean {
    if (!this.#has(owner)) return false;
    const now = this.#clock.now() / 1000;
    try {
      utimesSync(this.#path, now, now);
      return true;
    } catch {
      return false;
    }
  }

  release(owner: Owner): void {
    if (this.#has(owner)) rmSync(this.#path, { force: true });
  }

  #has({ token }: Owner): boolean {
    return this.#holder()?.token === token;
  }

  /** Nothing where the file is absent, or torn by a crash. */
  #holder(): (Owner & { readonly saidAt: number }) | undefined {
    try {
      const owner = ownerSchema.parse(JSON.parse(readFileSync(this.#path, "utf8")));
      return { ...owner, saidAt: statSync(this.#path).mtimeMs };
    } catch {
      return undefined;
    }
  }
}
