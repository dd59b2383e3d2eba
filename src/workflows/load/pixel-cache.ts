/** Decoded pictures by the content of their files, so that a further training on the same pictures decodes none again. */
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { addContent, readContents } from "../../foundation/base/content-folder.js";
import { sha256 } from "../../foundation/base/hash.js";
import { pack, unpack } from "../../foundation/base/packing.js";
import type { PictureSize } from "../../foundation/base/pictures/picture.js";

/** Raised whenever equal files would be decoded or brought to a size otherwise. */
const DECODING = 2;
const DEFAULT_LIMIT_BYTES = 512 * 2 ** 20;

interface Chunk {
  readonly keys: readonly string[];
  /** One after another, all of one size. */
  readonly pixels: Uint8Array;
}

interface Sized {
  readonly known: ReadonlyMap<string, Uint8Array>;
  readonly made: Map<string, Uint8Array>;
}

export const keyOfFile = (bytes: Uint8Array): string => sha256(bytes);

/** Whoever removes its folder loses time only. */
export class PixelCache {
  readonly #folder: string;
  readonly #limitBytes: number;
  readonly #sizes = new Map<string, Sized>();

  /** @param limitBytes of all kept pixels; beyond it the oldest go */
  constructor(folder: string, limitBytes = DEFAULT_LIMIT_BYTES) {
    this.#folder = folder;
    this.#limitBytes = limitBytes;
  }

  get(key: string, size: PictureSize): Uint8Array | undefined {
    return this.#at(size).known.get(key);
  }

  /** Remembered until `save`. @param pixels not changed from now on */
  add(key: string, size: PictureSize, pixels: Uint8Array): void {
    const { known, made } = this.#at(size);
    if (!known.has(key)) made.set(key, pixels);
  }

  /** Writes what is new, one file for each size. @throws QuernError DISK_FULL */
  save(): void {
    for (const [name, { made }] of this.#sizes) {
      if (made.size === 0) continue;
      const [first] = made.values();
      const bytes = made.size * first!.length;
      if (bytes > this.#limitBytes) continue;
      const pixels = new Uint8Array(bytes);
      for (const [index, own] of [...made.values()].entries()) pixels.set(own, index * first!.length);
      const packed = pack({ keys: [...made.keys()], pixels } satisfies Chunk);
      this.#makeRoom(packed.length);
      addContent(join(this.#folder, name), packed);
      made.clear();
    }
  }

  #at({ height, width, channels }: PictureSize): Sized {
    const name = `${DECODING}-${width}x${height}x${channels}`;
    const found = this.#sizes.get(name);
    if (found) return found;
    const made = { known: readChunks(join(this.#folder, name), height * width * channels), made: new Map() };
    this.#sizes.set(name, made);
    return made;
  }

  #makeRoom(bytes: number): void {
    if (!existsSync(this.#folder)) return;
    const files = readdirSync(this.#folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({ path, status: statSync(path) }))
      .sort((a, b) => a.status.mtimeMs - b.status.mtimeMs);
    let total = bytes + files.reduce((sum, { status }) => sum + status.size, 0);
    for (const { path, status } of files) {
      if (total <= this.#limitBytes) return;
      rmSync(path, { force: true });
      total -= status.size;
    }
  }
}

function readChunks(folder: string, length: number): Map<string, Uint8Array> {
  const known = new Map<string, Uint8Array>();
  for (const bytes of readContents(folder)) {
    const { keys, pixels } = unpack(bytes) as Chunk;
    for (const [index, key] of keys.entries())
      known.set(key, pixels.subarray(index * length, (index + 1) * length));
  }
  return known;
}
