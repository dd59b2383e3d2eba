/** A file that says which living process has something: one at a time, and after a crash the next one. */
import { open, readFile, rm, stat, utimes } from "node:fs/promises";
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
  async claim(owner: Owner): Promise<boolean> {
    if (await this.isHeld(owner)) return false;
    await rm(this.#path, { force: true });
    try {
      const handle = await open(this.#path, "wx");
      try {
        await handle.writeFile(JSON.stringify(owner));
        await handle.sync();
      } finally {
        await handle.close();
      }
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST" || code === "ENOENT") return false;
      throw translateDiskError(cause, this.#path);
    }
    return this.#has(owner);
  }

  /** By somebody else who is alive. */
  async isHeld(here: Owner): Promise<boolean> {
    const holder = await this.#holder();
    if (!holder || holder.token === here.token || this.#clock.now() - holder.saidAt > LOST_MS) return false;
    // Numbers of processes are given again: the same one on the same host was another life.
    return holder.host !== here.host || (holder.process !== here.process && processExists(holder.process));
  }

  /** Says that the owner lives. @returns false where another has it by now: whoever was silent for too long must stop */
  async keep(owner: Owner): Promise<boolean> {
    if (!(await this.#has(owner))) return false;
    const now = this.#clock.now() / 1000;
    try {
      await utimes(this.#path, now, now);
      return true;
    } catch {
      return false;
    }
  }

  async release(owner: Owner): Promise<void> {
    if (await this.#has(owner)) await rm(this.#path, { force: true });
  }

  async #has({ token }: Owner): Promise<boolean> {
    return (await this.#holder())?.token === token;
  }

  /** Nothing where the file is absent, or torn by a crash. */
  async #holder(): Promise<(Owner & { readonly saidAt: number }) | undefined> {
    try {
      const owner = ownerSchema.parse(JSON.parse(await readFile(this.#path, "utf8")));
      return { ...owner, saidAt: (await stat(this.#path)).mtimeMs };
    } catch {
      return undefined;
    }
  }
}
