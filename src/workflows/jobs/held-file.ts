/** A file that says which living process has something: one at a time, and after a crash the next one. */
import { constants, copyFile, link, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
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

const NOBODY: Owner = { host: "", process: 0, token: "" };

function ownerOf(text: string): Owner {
  try {
    return ownerSchema.parse(JSON.parse(text));
  } catch {
    return NOBODY;
  }
}

interface Holder extends Owner {
  readonly saidAt: number;
}

const WITHOUT_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS"]);

export class HeldFile {
  readonly #path: string;
  readonly #clock: Clock;

  constructor(path: string, clock: Clock) {
    this.#path = path;
    this.#clock = clock;
  }

  /** Takes it if nobody alive has it; of several that try at the same moment one has it. */
  async claim(owner: Owner): Promise<boolean> {
    const holder = await this.#holder();
    if (holder && (this.#isAlive(holder, owner) || !(await this.#takeAway(holder, owner)))) return false;
    const written = `${this.#path}.${owner.token}.new`;
    try {
      const handle = await open(written, "w");
      try {
        await handle.writeFile(JSON.stringify(owner));
        await handle.sync();
      } finally {
        await handle.close();
      }
      await this.#appear(written);
      return true;
    } catch (cause) {
      const { code } = cause as NodeJS.ErrnoException;
      if (code === "EEXIST" || code === "ENOENT") return false;
      throw translateDiskError(cause, this.#path);
    } finally {
      await rm(written, { force: true });
    }
  }

  /** By somebody else who is alive. */
  async isHeld(here: Owner): Promise<boolean> {
    const holder = await this.#holder();
    return holder !== undefined && this.#isAlive(holder, here);
  }

  #isAlive(holder: Holder, here: Owner): boolean {
    if (holder.token === here.token || this.#clock.now() - holder.saidAt > LOST_MS) return false;
    // Numbers of processes are given again: the same one on the same host was another life.
    return holder.host !== here.host || (holder.process !== here.process && processExists(holder.process));
  }

  /**
   * Moves away what somebody dead has left, if it is still that: who looked at the same moment may have taken it over, and
   * then it is put back. @returns whether it was that
   */
  async #takeAway(dead: Holder, by: Owner): Promise<boolean> {
    const aside = `${this.#path}.${by.token}.old`;
    try {
      await rename(this.#path, aside);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === "ENOENT") return false;
      throw translateDiskError(cause, this.#path);
    }
    const moved = await this.#holder(aside);
    const isThat = moved?.token === dead.token;
    if (!isThat) await this.#appear(aside).catch(() => undefined);
    await rm(aside, { force: true });
    return isThat;
  }

  /** The file appears with its content, and only where there is none. Not every file system has links. */
  async #appear(from: string): Promise<void> {
    try {
      await link(from, this.#path);
    } catch (cause) {
      const { code = "" } = cause as NodeJS.ErrnoException;
      if (!WITHOUT_LINKS.has(code)) throw cause;
      await copyFile(from, this.#path, constants.COPYFILE_EXCL);
    }
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

  /**
   * Nothing where the file is absent. What cannot be read is being written, or was torn by a crash: it counts until it has
   * been silent for too long.
   */
  async #holder(path = this.#path): Promise<Holder | undefined> {
    try {
      const [text, { mtimeMs: saidAt }] = await Promise.all([readFile(path, "utf8"), stat(path)]);
      return { ...ownerOf(text), saidAt };
    } catch {
      return undefined;
    }
  }
}
